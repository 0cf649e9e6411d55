"""The same requests to the development registry and to a real one, and where their answers differ."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store
from tests.system.registry.exchanges import APICURIO, EXCHANGES, differing, recorded, run, steps_of

each_file = pytest.mark.parametrize("file", EXCHANGES, ids=lambda file: file.stem)


@pytest.fixture
async def development_url() -> AsyncIterator[str]:
    async with serving(registry_app(Store())) as url:
        yield url


@each_file
async def test_development_registry_answers_every_exchange_as_confluent_does(development_url: str, file: Path):
    """The development registry has no differences at all."""
    assert differing(await run(development_url, file), {}) == []


@pytest.mark.apicurio
@each_file
async def test_apicurio_answers_as_confluent_does_or_as_recorded(apicurio_url: str, file: Path):
    """No difference is unknown, and none that is recorded has vanished."""
    assert differing(await run(apicurio_url, file), recorded(APICURIO, file)) == []


@each_file
def test_steps_have_names_of_their_own(file: Path):
    """A difference is recorded under the step's name."""
    names = [step["name"] for step in steps_of(file)]
    assert len(names) == len(set(names))


def test_every_recorded_difference_is_explained():
    """With the file that it belongs to, and why it does or does not matter."""
    files = yaml.safe_load(APICURIO.read_text())
    assert set(files) <= {file.stem for file in EXCHANGES}
    for steps in files.values():
        for name, difference in steps.items():
            assert set(difference) == {"status", "answer", "why"}, name
            assert difference["why"].strip(), name
