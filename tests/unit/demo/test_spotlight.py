"""What is on show, for how long."""

from gateway.demo.spotlight import HOLD_S, Interest, Spotlight

LONG = HOLD_S[Interest.PLAIN]


def test_nothing_is_on_show_before_the_first_item() -> None:
    """And the first one is shown at once."""
    light: Spotlight[str] = Spotlight()
    assert light.on_show(0) is None
    light.offer("a", Interest.PLAIN)
    assert light.on_show(0) == "a"


def test_an_item_stays_until_it_could_be_read() -> None:
    """Then the newest that was offered meanwhile follows."""
    light: Spotlight[str] = Spotlight()
    light.offer("a", Interest.PLAIN)
    light.on_show(0)
    light.offer("b", Interest.PLAIN)
    light.offer("c", Interest.PLAIN)
    assert light.on_show(LONG - 0.1) == "a"
    assert light.on_show(LONG) == "c"


def test_an_item_without_a_follower_stays() -> None:
    """However long."""
    light: Spotlight[str] = Spotlight()
    light.offer("a", Interest.PLAIN)
    light.on_show(0)
    assert light.on_show(1000) == "a"


def test_the_more_telling_item_is_next() -> None:
    """Even if plainer ones come later."""
    light: Spotlight[str] = Spotlight()
    light.offer("a", Interest.PLAIN)
    light.on_show(0)
    light.offer("telling", Interest.TELLING)
    light.offer("plain", Interest.PLAIN)
    assert light.on_show(LONG) == "telling"


def test_ones_own_item_comes_at_once_and_stays_longer() -> None:
    """Whoever sent it is looking for it; a newer own one replaces it."""
    light: Spotlight[str] = Spotlight()
    light.offer("a", Interest.PLAIN)
    light.on_show(0)
    light.offer("mine", Interest.OWN)
    assert light.on_show(0.1) == "mine"
    light.offer("b", Interest.TELLING)
    assert light.on_show(0.1 + LONG) == "mine"
    light.offer("mine too", Interest.OWN)
    assert light.on_show(0.2 + LONG) == "mine too"
