"""The vectors against one mutant, in a process of its own.

A mutant is put in the place of its module in a forked process, everything that imports the module is imported
anew, and the vectors that reach the changed lines are judged until one complains; if none does, the unit tests
that are named like the module. So most mutants cost some tenths of a second, however many vectors there are.
"""

from __future__ import annotations

import ast
import os
import pickle
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.mutation.mutations import Mutant, Source
from tests.unit.compile.vectors import Case

PACKAGE = "gateway.compile"
UNIT_TESTS = Path(__file__).parents[1] / "unit" / "compile"
JUDGE = "tests.unit.compile.judge"
"""Imported anew in each process, for it imports the package."""

MOST_CPU_S = 20
"""Of a mutant that does not come to an end; all vectors take about two seconds, a file of unit tests up to five."""
MOST_BYTES = 4 << 30
"""Of address space, for a mutant that eats memory."""

Reached = Mapping[int, frozenset[int]]
"""Line -> the vectors that execute it, by their places in the list."""


class Fate(Enum):
    """What became of a mutant."""

    CAUGHT = "caught"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the rules: its mutants, and which vectors execute which of its lines."""

    name: str
    """Below the package, with slashes: ``avro/union``."""
    mutants: Sequence[Mutant]
    reached: Reached | None
    """None where nobody looked."""
    on_import: frozenset[int]
    """Lines that are executed when the module is imported, so that every vector depends on them."""

    @property
    def imported_as(self) -> str:
        """Its name for Python."""
        return f"{PACKAGE}.{self.name.replace('/', '.')}"


def read_modules(names: Iterable[str], cases: Sequence[Case], *, observed: bool = True) -> list[Module]:
    """The modules with their mutants, after all vectors were judged once under observation (if ``observed``)."""
    names = list(names)
    if not observed:
        return [Module(name, _source(name).mutants, None, frozenset()) for name in names]
    lines, on_import = _in_a_fork(lambda: _observe(names, cases))
    return [Module(name, _source(name).mutants, lines[name], on_import[name]) for name in names]


def _source(name: str) -> Source:
    return Source(path_of(name).read_text("utf-8"))


def path_of(name: str) -> Path:
    """The file of a module below the package."""
    package = find_spec(PACKAGE)
    assert package is not None
    assert package.submodule_search_locations is not None
    return Path(package.submodule_search_locations[0]) / f"{name}.py"


def _observe(names: Sequence[str], cases: Sequence[Case]) -> tuple[dict[str, Reached], dict[str, frozenset[int]]]:
    """By module: line -> vectors, and the lines that importing executes. Fails where a vector complains."""
    by_file = {str(path_of(name)): name for name in names}
    seen: set[tuple[str, int]] = set()

    def on_line(frame: FrameType, event: str, _arg: Any) -> Callable[..., Any]:
        if event == "line":
            seen.add((by_file[frame.f_code.co_filename], frame.f_lineno))
        return on_line

    def on_call(frame: FrameType, _event: str, _arg: Any) -> Callable[..., Any] | None:
        return on_line if frame.f_code.co_filename in by_file else None

    forget(PACKAGE)
    sys.settrace(on_call)
    judge = import_module(JUDGE)
    imported, seen = seen, set()
    lines: dict[str, dict[int, set[int]]] = {name: {} for name in names}
    for n, case in enumerate(cases):
        seen = set()
        complaint = judge.complaint(case)
        for name, line in seen:
            lines[name].setdefault(line, set()).add(n)
        if complaint is not None and case.bug is None:
            raise AssertionError(f"{case.name}, without any mutant: {complaint}")
    sys.settrace(None)
    return (
        {name: {line: frozenset(found) for line, found in each.items()} for name, each in lines.items()},
        {name: frozenset(line for owner, line in imported if owner == name) for name in names},
    )


def forget(module: str) -> None:
    """Takes the module, or package, and all that imports it, directly or not, out of Python's table of modules."""
    users = _users()
    waiting = [name for name in users if name == module or name.startswith(f"{module}.")]
    gone: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in gone:
            gone.add(name)
            waiting += [user for user, used in users.items() if name in used]
    for name in gone:
        sys.modules.pop(name, None)
        package, _, own = name.rpartition(".")
        if package in sys.modules:  # where "from package import module" looks first
            vars(sys.modules[package]).pop(own, None)


_IMPORTS: dict[str, frozenset[str]] = {}


def _users() -> Mapping[str, frozenset[str]]:
    """Each loaded module of the package, and the judge -> the modules that it imports."""
    loaded = [name for name in sys.modules if name.startswith(f"{PACKAGE}.") or name == JUDGE]
    for name in loaded:
        if name not in _IMPORTS:
            _IMPORTS[name] = frozenset(_imports(name))
    return {name: _IMPORTS[name] for name in loaded}


def _imports(name: str) -> Iterator[str]:
    file = sys.modules[name].__file__
    assert file is not None
    for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def vectors_for(mutant: Mutant, module: Module, cases: Sequence[Case]) -> list[Case]:
    """The vectors that execute a line that the mutant may change; all, where importing does: the likeliest first."""
    if module.reached is None:
        return list(cases)
    lines = range(mutant.first, mutant.last + 1)
    if module.on_import.isdisjoint(lines):
        return [cases[n] for n in sorted(frozenset[int]().union(*(module.reached.get(line, ()) for line in lines)))]
    inside = frozenset[int]().union(*module.reached.values())
    return [cases[n] for n in sorted(range(len(cases)), key=lambda n: n not in inside)]


def start(mutant_no: int, module: Module, cases: Sequence[Case]) -> int:
    """The ID of a process that ends with 0 if neither a vector nor a unit test complains about the mutant."""
    child = os.fork()
    if child:
        return child
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(0 if survives(mutant_no, module, cases) else 1)
    except BaseException:  # noqa: BLE001 - whatever goes wrong now is the mutant's doing, and tells on it
        os._exit(1)


def survives(mutant_no: int, module: Module, cases: Sequence[Case]) -> bool:
    """Whether neither a vector nor a unit test complains. Leaves the mutant behind in this process."""
    source = _source(module.name)
    mutant = source.mutants[mutant_no]
    chosen = vectors_for(mutant, module, cases)
    install(module.imported_as, compile(source.tree_of(mutant), str(path_of(module.name)), "exec"))
    judge = import_module(JUDGE)
    kept: dict[str, Any] = {}
    noticed = any(judge.complaint(case, kept) is not None for case in chosen if case.bug is None)
    return not noticed and _unit_tests_pass(module)


def _unit_tests_pass(module: Module) -> bool:
    """Whether those in the file that is named like the module do, but for those that make up their examples.

    What made-up examples find depends on luck, and a mutant's fate must not.
    """
    folder, _, name = module.name.rpartition("/")
    file = UNIT_TESTS / folder / f"test_{name}.py"
    if not file.exists():
        return True
    for loaded in [each for each in sys.modules if each.startswith("tests.unit")]:
        del sys.modules[loaded]  # they use the program without the mistake
    options = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not hypothesis"]
    return pytest.main([*options, str(file)]) in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def install(name: str, code: CodeType) -> None:
    """Makes ``code`` the module ``name``, for all that is imported from now on."""
    forget(name)
    spec = find_spec(name)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    exec(code, module.__dict__)
    parent, _, own = name.rpartition(".")
    setattr(import_module(parent), own, module)


def _in_a_fork(work: Callable[[], Any]) -> Any:
    """What ``work`` returns in a process of its own, which leaves nothing behind in this one."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            result = pickle.dumps(work())
        except BaseException as exc:  # noqa: BLE001 - told by the parent
            result = pickle.dumps(AssertionError(str(exc)))
        with os.fdopen(into, "wb") as stream:
            stream.write(result)
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as stream:
        result = pickle.loads(stream.read())
    os.waitpid(child, 0)
    if isinstance(result, AssertionError):
        raise result
    return result
