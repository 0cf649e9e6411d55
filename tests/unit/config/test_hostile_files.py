"""Files that nobody would write: whatever they hold, they are loaded or refused with ConfigError."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config.declaration import ContractDeclared, TimestampDeclared
from gateway.config.load import load_contracts, load_folder, load_project
from gateway.config.options import Options
from gateway.config.settings import Mqtt, Settings
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Mode

TEXTS = st.sampled_from(
    ["", "a", "/a", "/a/*", "{device}", "{", "${X}", "a/{device}", "plant/+/#", "latest", "5", "-1", "true", "s", "s1",
     "lossless", "strict", "base64", "2000-01-01", "Europe/Berlin", "..", "\u00fc", "\ud800", "a.b", "payload",
     "x" * 300]
)  # fmt: skip
KEYS = TEXTS | st.sampled_from(
    [*ContractDeclared.model_fields, *TimestampDeclared.model_fields, *Options.__slots__, *Settings.model_fields,
     *Mqtt.model_fields, "accepted", "rejected", "payload", "code", "path", "becomes", "name", "coercions", "capture"]
)  # fmt: skip
SCALARS = TEXTS | st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
CONTRACTS = st.fixed_dictionaries(
    {"mqtt": st.just("a/{device}") | VALUES, "topic": st.just("t") | VALUES},
    optional={name: VALUES for name in ContractDeclared.model_fields if name not in {"mqtt", "topic"}},
)
SETTINGS = st.fixed_dictionaries({}, optional={name: VALUES for name in Settings.model_fields if name != "contracts"})
EXAMPLES = st.dictionaries(st.sampled_from(["accepted", "rejected"]), VALUES, max_size=2)


@given(SETTINGS, CONTRACTS, EXAMPLES, st.sampled_from(['"string"', "{}", "[", "5", ""]))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
def test_any_files_load_or_end_in_a_config_error(
    gateway: object, contract: object, examples: object, schema: str
) -> None:
    """No traceback of a library reaches the people who wrote the file, and every problem names a file."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "schemas" / "pump").mkdir(parents=True)
        (root / "gateway.yaml").write_text(json.dumps(gateway))
        (root / "schemas/pump/contract.yaml").write_text(json.dumps(contract))
        (root / "schemas/pump/examples.yaml").write_text(json.dumps(examples))
        (root / "schemas/pump/schema.avsc").write_text(schema)
        problems: list[ConfigProblem] = []
        for load in (
            lambda: load_project(root / "gateway.yaml", {"X": "1"}),
            lambda: load_contracts(root / "schemas"),
            lambda: load_folder(root / "schemas" / "pump"),
        ):
            try:
                load()
            except ConfigError as error:
                problems += error.problems
        for problem in problems:
            assert problem.file.startswith(folder)
            assert problem.message


@pytest.mark.parametrize("mode", list(Mode))
def test_every_shipped_default_is_a_valid_declaration(mode: Mode, tmp_path: Path) -> None:
    """The smallest contract is one in every mode."""
    (tmp_path / "contract.yaml").write_text(f"mqtt: a/{{device}}\ntopic: a\nmode: {mode}\n")
    assert load_folder(tmp_path).name == tmp_path.name
