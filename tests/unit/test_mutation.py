"""The mutation check itself: what it changes, what it calls a mutant, and when it fails."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.mutation.mutations import Source
from tests.mutation.report import Report
from tests.mutation.run import Sample, Trials
from tests.mutation.trial import Fate, Module

TEXT = '''
def f(x):
    """What is said for people stays."""
    if x <= 5:
        raise Refused(Code.OUT_OF_RANGE)
'''
NAMES = [
    "f: if x <= 5 -> if False",
    "f: if x <= 5 -> if True",
    "f: x <= 5 -> x < 5",
    "f: x <= 5 -> x > 5",
    "f: 5 -> 6",
    "f: 5 -> 4",
    "f: raise Refused(Code.OUT_OF_RANGE) -> pass",
    "f: Code.OUT_OF_RANGE -> Code.CRASH_SUSPECT",
]


def test_boundaries_conditions_checks_and_codes_are_changed():
    """Each mistake is named by its function and text, so it keeps its name when lines are added above."""
    assert [mutant.name for mutant in Source(TEXT).mutants] == NAMES
    assert [mutant.name for mutant in Source("\n\nimport re\n" + TEXT).mutants] == NAMES


def test_what_a_class_is_made_with_is_left_alone():
    """Nobody changes what ``frozen`` protects."""
    assert not Source("@dataclass(frozen=True)\nclass C(Struct, frozen=True):\n    pass\n").mutants


def test_a_mutant_is_the_module_with_one_mistake():
    """Everything else is as it was."""
    source = Source(TEXT)
    assert ast.unparse(source.tree_of(source.mutants[2])) == ast.unparse(ast.parse(TEXT.replace("<=", "<")))


def test_a_survivor_must_be_explained_and_an_explanation_needed():
    """Both fail: a mistake that no vector notices, and an excuse for one that is noticed or is gone."""
    mutants = Source(TEXT).mutants
    module = Module("numbers", mutants, {}, frozenset())
    fates = [(mutant, Fate.SURVIVED if n == 4 else Fate.CAUGHT) for n, mutant in enumerate(mutants)]

    def report(*explained: str) -> Report:
        return Report.of(Trials(module, fates, 0), {"numbers": dict.fromkeys(explained, "why")})

    assert report("f: 5 -> 6").is_fine
    assert [mutant.name for mutant, _ in report().unexplained] == ["f: 5 -> 6"]
    assert report("f: 5 -> 6", "f: 5 -> 4", "f: gone").in_vain == ["f: 5 -> 4", "f: gone"]
    assert not report().is_fine
    assert not report("f: 5 -> 6", "f: 5 -> 4").is_fine


def test_a_sample_is_the_same_for_the_same_seed():
    """And it is a part of the whole, in order."""
    chosen = Sample(10, seed=3).of(200)
    assert chosen == Sample(10, seed=3).of(200) == sorted(set(chosen))
    assert len(chosen) == 10
    assert chosen != Sample(10, seed=4).of(200)
    assert Sample(None, seed=3).of(4) == Sample(10, seed=3).of(4) == [0, 1, 2, 3]


def test_a_few_mutants_of_all_modules_are_noticed_or_explained():
    """The same ones each time, until a module changes; ``make mutate`` tries them all."""
    command = [sys.executable, "-m", "tests.mutation", "--draw", "8", "--jobs", "1"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
