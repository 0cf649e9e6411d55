"""Templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notation import NotationError
from gateway.notation.template import Name, Template


@pytest.mark.parametrize(
    ("text", "names", "rendered"),
    [
        ("", (), ""),
        ("plain", (), "plain"),
        ("{a}", ("a",), "1"),
        ("x-{a}-{b}-{a}", ("a", "b"), "x-1-2-1"),
        ("{{a}}", (), "{a}"),
        ("{{{a}}}", ("a",), "{1}"),
        ("{{{{", (), "{{"),
        ("}}{a}{{", ("a",), "}1{"),
    ],
)
def test_names_are_replaced_and_doubled_braces_are_braces(text: str, names: tuple[str, ...], rendered: str) -> None:
    """Each name once in names, in order; constant where there are none."""
    template = Template.parse(text)
    assert template.names == names
    assert template.render({"a": "1", "b": "2"}) == rendered
    assert template.constant == (None if names else rendered)
    assert str(template) == text


@given(st.lists(st.text("a{}", max_size=4) | st.sampled_from([Name("x"), Name("y_1")]), max_size=6))
def test_every_template_can_be_written_and_read_back(parts: list[str | Name]) -> None:
    """Str and parse are inverse, and what fills a name is never read as a template again."""
    text = "".join(f"{{{p.name}}}" if isinstance(p, Name) else p.replace("{", "{{").replace("}", "}}") for p in parts)
    template = Template.parse(text)
    assert str(template) == text
    assert template.render({"x": "{y_1}", "y_1": "}"}) == "".join(
        {"x": "{y_1}", "y_1": "}"}[p.name] if isinstance(p, Name) else p for p in parts
    )


def test_filling_some_names_leaves_the_others() -> None:
    """What is known early is put in early."""
    template = Template.parse("{a}/{{{b}").fill({"a": "{b}"})
    assert template.names == ("b",)
    assert template.render({"b": "2"}) == "{b}/{2"
    assert template.fill({"b": "2"}).constant == "{b}/{2"
    assert template == Template(("{b}/{", Name("b")))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "a lone { at character 1"),
        ("ab}", "a lone } at character 3"),
        ("{}", "a lone { at character 1"),
        ("{a b}", "a lone { at character 1"),
        ("{1}", "a lone { at character 1"),
        ("{a!r}", "a lone { at character 1"),
        ("{a:>5}", "a lone { at character 1"),
        ("{a.b}", "a lone { at character 1"),
        ("{{a}", "a lone } at character 4"),
    ],
)
def test_a_lone_brace_is_refused_with_its_place(text: str, says: str) -> None:
    """There are no expressions and no formats."""
    with pytest.raises(NotationError) as caught:
        Template.parse(text)
    assert says in str(caught.value)


def test_a_name_that_nothing_fills_is_named() -> None:
    """Rendering says which name is missing in which template."""
    with pytest.raises(NotationError, match=r"nothing fills \{b\} in '\{a\}\{b\}'"):
        Template.parse("{a}{b}").render({"a": "1"})
