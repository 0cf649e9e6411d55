"""What a contract is called, for who names its folder alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.load import load_contracts
from gateway.config.place import contract_name, contracts_root


def write(root: Path, *names: str) -> None:
    for name in names:
        path, _, text = name.partition("=")
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.mark.parametrize(
    ("files", "root"),
    [
        # gateway.yaml says it, wherever the folder is and whatever it is called.
        (["gateway.yaml={}"], "schemas"),
        (["gateway.yaml=contracts: schemas/line", "schemas/rules.yaml="], "schemas/line"),
        (["gateway.yaml=contracts: .\nmqtt: {password: '${NOT_SET}'}"], "."),
        (["schemas/line/pump/gateway.yaml=contracts: ../.."], "schemas"),
        # It says nothing where the contract is elsewhere, or nobody can read it.
        (["gateway.yaml=contracts: other"], "schemas"),
        (["gateway.yaml=contracts: ${NOT_SET}", "schemas/line/rules.yaml="], "schemas/line"),
        (["gateway.yaml=[", "schemas/line/rules.yaml="], "schemas/line"),
        # The team's rules, or the name.
        (["rules.yaml="], "."),
        (["schemas/line/rules.yaml="], "schemas/line"),
        ([], "schemas"),
    ],
)
def test_what_says_where_the_contracts_are(tmp_path: Path, files: list[str], root: str) -> None:
    """The nearest of what says it; the contract is called by its path below."""
    write(tmp_path, *files, "schemas/line/pump/contract.yaml=")
    folder = tmp_path / "schemas" / "line" / "pump"
    assert contracts_root(folder) == (tmp_path / root).absolute()
    assert contract_name(folder) == folder.relative_to(tmp_path / root).as_posix()


def test_relative_folders_and_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell writes them; the working directory's gateway.yaml counts wherever the contracts are."""
    write(tmp_path, "etc/gateway.yaml=contracts: ../there", "there/line/pump/contract.yaml=")
    monkeypatch.chdir(tmp_path / "etc")
    assert contract_name(Path("../there/line/pump/")) == "line/pump"
    monkeypatch.chdir(tmp_path / "there" / "line" / "pump")
    assert contract_name(Path()) == "pump"
    write(tmp_path, "gateway.yaml=contracts: there")
    assert contract_name(Path()) == "line/pump"


def test_as_the_gateway_calls_it(tmp_path: Path) -> None:
    """Below the folder of contracts, and where that is a contract itself."""
    good = "contract.yaml=mqtt: {}/{{device}}\ntopic: {}"
    write(tmp_path, f"schemas/{good.format('a', 'a')}", f"schemas/line/pump/{good.format('b', 'b')}", "gateway.yaml={}")
    for contract in load_contracts(tmp_path / "schemas"):
        assert contract_name(contract.folder) == contract.name


def test_where_nothing_says(tmp_path: Path) -> None:
    """The folder's own name."""
    write(tmp_path, "line/pump/contract.yaml=")
    assert contracts_root(tmp_path / "line" / "pump") is None
    assert contract_name(tmp_path / "line" / "pump") == "pump"
