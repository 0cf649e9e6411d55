"""What ``gateway registry serve`` fills its registry from: contract folders and fixture files, told apart by content.

A folder that holds a contract.yaml, at any depth, is a folder of contracts; any other is taken for
fixtures, all its ``.json`` files. Fixtures come first, so that contracts may refer to their subjects.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.config.contract import Compatibility, Contracts
from gateway.config.contract_folders import holds_contracts
from gateway.config.files import display, is_folder
from gateway.config.folder import CONTRACT_FILE
from gateway.config.load import load_contracts
from gateway.errors import ConfigError, ConfigProblem
from gateway.registry.development.folders import seeds_of
from gateway.registry.development.seeds import plant, plant_file
from gateway.registry.development.store import Store


def fill(store: Store, sources: Iterable[Path]) -> int:
    """How many versions were added from folders and files; what is there already stays.

    Levels that contracts want are set. Raises ConfigError for everything that cannot be read or registered.
    """
    fixtures: list[Path] = []
    folders: list[Path] = []
    for source in sources:
        if is_folder(source) is True and holds_contracts(source):
            folders.append(source)
        else:
            fixtures += _fixtures(source)
    problems: list[ConfigProblem] = []
    added = 0
    for path in fixtures:
        try:
            added += plant_file(store, path)
        except ConfigError as exc:
            problems += exc.problems
    contracts: list[Contracts] = []
    for folder in folders:
        try:
            contracts.append(load_contracts(folder))
        except ConfigError as exc:
            problems += exc.problems
    try:
        added += plant(store, [seed for each in contracts for seed in seeds_of(each)])
    except ConfigError as exc:
        problems += exc.problems
    if problems:
        raise ConfigError(problems)
    for each in contracts:
        for subject, level in _levels(each):
            store.rules.set_level(subject, level.value)
    return added


def _fixtures(source: Path) -> list[Path]:
    """The fixture files that ``source`` is or holds. Raises ConfigError if there are none."""
    if source.is_file():
        return [source]
    found = sorted(source.rglob("*.json")) if source.is_dir() else []
    if not found:
        wanted = f"write a folder with {CONTRACT_FILE} files, or a registry fixture (.json)"
        message = f"holds neither contracts nor fixtures: {wanted}" if source.is_dir() else f"is missing: {wanted}"
        raise ConfigError([ConfigProblem(display(source), message)])
    return found


def _levels(contracts: Contracts) -> list[tuple[str, Compatibility]]:
    """The compatibility level of each subject that declares one."""
    levels = [
        (variant.subject, contract.compatibility)
        for contract in contracts
        if contract.compatibility is not None
        for variant in contract.variants()
    ]
    levels += [(each.subject, each.compatibility) for each in contracts.shared_types if each.compatibility is not None]
    return levels
