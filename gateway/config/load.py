"""Reads what people wrote: gateway.yaml, the folders below ``schemas/``, options on a command line.

The only entrance. Everything that is wrong, in any of the files and between them, is raised together
as one ConfigError. Nothing is watched: files are read once, a restart reads them again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.config.coexistence import conflicts, subjects
from gateway.config.contract import DEFAULT_DEAD_LETTERS, Contract, Contracts, SharedType
from gateway.config.contract_folders import contract_folders, holds_contracts
from gateway.config.files import Source, display, is_folder
from gateway.config.folder import CONTRACT_FILE, Folder, read_folder
from gateway.config.gateway_file import load_settings_file
from gateway.config.mistaken_names import stray_schemas
from gateway.config.options import Options, misplaced
from gateway.config.settings import Settings
from gateway.config.validation import validate
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Mode
from gateway.notation import NotationError
from gateway.notation.template import Template
from gateway.notation.yaml import parse


@dataclass(frozen=True, slots=True)
class Project:
    """All that is declared: the settings and the contracts, checked against each other."""

    settings: Settings
    contracts: Contracts


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file at ``path``, with all paths absolute. Raises ConfigError."""
    return load_settings_file(path, environ)[1]


def load_contracts(folder: Path, dead_letters: Template = DEFAULT_DEAD_LETTERS) -> Contracts:
    """The contracts and shared types below ``folder``, in order of their folders. Raises ConfigError.

    ``dead_letters`` is the template of dead-letter topics for contracts that declare none.
    """
    return _contracts(folder, dead_letters, unrouted=None)[0]


def load_existing(folder: Path, dead_letters: Template = DEFAULT_DEAD_LETTERS) -> Contracts:
    """As ``load_contracts``; none where the folder is new, or holds none."""
    there = is_folder(folder)
    if there is False:
        raise ConfigError([ConfigProblem(display(folder), "is no folder: name the one for the contracts")])
    if there is None or not holds_contracts(folder):
        return Contracts(folder)
    return load_contracts(folder, dead_letters)


def load_folder(
    folder: Path, dead_letters: Template = DEFAULT_DEAD_LETTERS, name: str | None = None
) -> Contract | SharedType:
    """What one folder declares, alone, called ``name`` or as its last part. Raises ConfigError."""
    return read_folder(folder, name or folder.absolute().name, dead_letters).declared


def load_options(pairs: Iterable[str], mode: Mode, *, override: bool = False, origin: str = "--option") -> Options:
    """The options in ``NAME=VALUE`` pairs, each value as it would be written in contract.yaml. Raises ConfigError.

    ``override``: they are for one place in the payload. ``origin`` stands for the file in messages.
    """
    lines: list[str] = []
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise ConfigError([ConfigProblem(origin, f"{pair!r} is no option: write NAME=VALUE")])
        try:
            parse(f"{name}: {value}")
        except NotationError:
            # What YAML cannot read, such as a lone comma, is meant as text: there is no need to quote twice in a shell.
            value = json.dumps(value)
        lines.append(f"{name}: {value}")
    problems: list[ConfigProblem] = []
    try:
        source = Source(origin, parse("\n".join(lines) or "{}"))
    except NotationError as exc:
        raise ConfigError([ConfigProblem(origin, str(exc))]) from exc
    options = validate(Options, source.value, source, problems)
    if options is not None:
        found = misplaced(options, mode, override=override)
        problems += [source.problem((name,), message, key=True) for name, message in found]
    if problems or options is None:
        # Lines and columns would be those of a text that nobody wrote.
        raise ConfigError([replace(problem, line=None, column=None) for problem in problems])
    return options


def load_project(path: Path, environ: Mapping[str, str] = os.environ) -> Project:
    """The settings at ``path`` and the contracts in the folder that they name, which fit together.

    Raises ConfigError: the problems of the settings or, those being fine, of all contracts.
    """
    source, settings = load_settings_file(path, environ)
    template = Template.parse(settings.dead_letters.topic)
    contracts, sources = _contracts(settings.contracts, template, settings.dead_letters.unrouted)
    problems = []
    for contract in contracts:
        if contract.qos == 2 and settings.mqtt.version == "3.1.1":
            place = source.document.place(("mqtt", "version"))
            message = (
                f"2 needs MQTT 5, and {source.file}:{place.line} sets mqtt.version to 3.1.1: write qos: 1, with "
                "which messages of QoS 2 come too, or mqtt.version: 5"
            )
            problems.append(sources[contract.name].problem(("qos",), message))
    if problems:
        raise ConfigError(problems)
    return Project(settings, contracts)


def _contracts(root: Path, dead_letters: Template, unrouted: str | None) -> tuple[Contracts, dict[str, Source]]:
    """Everything below ``root``, and each folder's contract.yaml by the folder's name. Raises ConfigError."""
    problems: list[ConfigProblem] = []
    folders: list[Folder] = []
    found = list(contract_folders(root, problems))
    for path in found:
        name = path.relative_to(root).as_posix() if path != root else root.absolute().name
        try:
            folders.append(read_folder(path, name, dead_letters))
        except ConfigError as exc:
            problems += exc.problems
    if not found and not problems:
        # An empty folder is more likely a mount that failed than a wish to give up every subscription.
        message = f"holds no {CONTRACT_FILE}: add a contract, or set contracts in gateway.yaml to the right folder"
        problems.append(ConfigProblem(display(root), message))
    problems += conflicts(folders, unrouted)
    problems += _strays(folders)
    if problems:
        # A file that nobody may look at is met twice: on the way to further folders, and where it is read.
        raise ConfigError(list(dict.fromkeys(problems)))
    declared = [folder.declared for folder in folders]
    contracts = Contracts(
        root,
        tuple(contract for contract in declared if isinstance(contract, Contract)),
        tuple(shared for shared in declared if isinstance(shared, SharedType)),
    )
    return contracts, {folder.declared.name: folder.source for folder in folders}


def _strays(folders: Iterable[Folder]) -> Iterator[ConfigProblem]:
    """What lies in a contract's folder as if it were the schema, where no folder holds that."""
    declared = [folder.declared for folder in folders]
    held = {subject for each in declared if each.schema is not None for subject in subjects(each)}
    for each in declared:
        if each.schema is None and not held & set(subjects(each)):
            yield from stray_schemas(each.folder)
