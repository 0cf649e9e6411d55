"""A first contract folder from captured payloads: guessed, tried on the same payloads, and written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.config.files import display, is_folder, reading
from gateway.config.folder import CONTRACT_FILE, EXAMPLES_FILE
from gateway.config.place import contract_name
from gateway.config.schema_file import FILE_NAMES
from gateway.config.settings import Limits
from gateway.errors import ConfigError, ConfigProblem
from gateway.plan.inference.draft import Captured, Draft, NoContract, Wishes
from gateway.plan.inference.examples import Examples, broken, examples_text
from gateway.plan.lines import Line
from gateway.plan.trial import Outcome, Trial, try_contract

_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract that was made, and how it does with the payloads that it was made from."""

    files: list[Path]
    draft: Draft
    payloads: int
    """All that were looked at."""


def check_new_folder(folder: Path) -> None:
    """Raises ConfigError unless a contract can be made in ``folder``: it is new or empty, and will be found there."""
    if folder.name in {"", ".."}:
        message = "is no name for a new folder: write the folder's own, as in schemas/plant/pump"
        raise ConfigError([ConfigProblem(str(folder), message)])
    hidden = next((part for part in contract_name(folder).split("/") if part.startswith(".")), None)
    if hidden is not None:
        message = f"would never be read, because {hidden!r} begins with a dot: choose another name"
        raise ConfigError([ConfigProblem(display(folder), message)])
    there = is_folder(folder)
    with reading(folder):
        is_free = there is None or (there and not any(folder.iterdir()))
    if not is_free:
        raise ConfigError([ConfigProblem(display(folder), "is there already: name a new folder")])


def make_contract(
    folder: Path,
    wishes: Wishes,
    capture: Callable[[], Iterable[Line]],
    now: int,
    tell: Callable[[Outcome], None],
) -> NewContract:
    """Makes the folder; ``capture`` gives the payloads, and is asked twice.

    Each payload is tried with the new contract, arriving at ``now`` (ms) where nobody knows when, and ``tell`` is
    given what becomes of it. Nothing is written unless all works, and nothing is written over. Raises ConfigError.
    """
    check_new_folder(folder)
    captured = Captured(_LIMITS.depth)
    for line in capture():
        if wishes.takes(line):
            captured.add(line)
        else:
            captured.elsewhere += 1
    try:
        draft = captured.draft(wishes)
    except NoContract as exc:
        raise ConfigError([ConfigProblem("the payloads", str(exc))]) from exc
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / folder.name
        made.mkdir()
        (made / CONTRACT_FILE).write_text(draft.contract, encoding="utf-8")
        (made / FILE_NAMES[wishes.kind]).write_text(draft.schema, encoding="utf-8")
        trial = _try(made, folder)
        examples, count = Examples(), 0
        for line in filter(wishes.takes, capture()):
            outcome = trial.run(line.payload, line.arrival or now, line.topic)
            examples.add(outcome)
            tell(outcome)
            count += 1
        accepted = examples.chosen()
        if accepted:
            text = examples_text(accepted, _rejected(accepted, trial, now))
            (made / EXAMPLES_FILE).write_text(text, encoding="utf-8")
        files = _copy(made, folder)
    return NewContract(files, draft, count)


def _rejected(accepted: list[tuple[str, Outcome]], trial: Trial, now: int) -> list[tuple[str, Outcome]]:
    """An example of what is refused: a payload without one of its fields."""
    for _, outcome in accepted:
        for payload in broken(outcome):
            tried = trial.run(payload, now, outcome.topic)
            if tried.rejection is not None:
                return [("a field is missing", tried)]
    return []


def _try(made: Path, folder: Path) -> Trial:
    """The contract in ``made``, called as in ``folder``. Raises ConfigError about that: the other is soon gone."""
    try:
        return try_contract(made, limits=_LIMITS, name=contract_name(folder))
    except ConfigError as exc:
        shown = display(folder)
        raise ConfigError(
            [
                replace(each, file=shown, line=None, column=None, message=each.message.replace(str(made), shown))
                for each in exc.problems
            ]
        ) from exc


def _copy(made: Path, folder: Path) -> list[Path]:
    """The files in their place, all or none; what others wrote there meanwhile stays."""
    check_new_folder(folder)
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(made.iterdir()):
            with (folder / file.name).open("xb") as opened:
                written.append(folder / file.name)
                opened.write(file.read_bytes())
    except OSError as exc:
        for file in written:
            file.unlink(missing_ok=True)
        raise ConfigError([ConfigProblem(display(folder), f"cannot be written: {exc.strerror or exc}")]) from exc
    return written
