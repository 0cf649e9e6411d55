"""Every vector of tests/vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.compile.judge import complaint
from tests.unit.compile.vectors import Case, read_cases

CASES = read_cases()


def _parameters() -> Iterator[Any]:
    for case in CASES:
        marks = [pytest.mark.xfail(strict=True, reason=case.bug)] if case.bug else []
        yield pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", list(_parameters()))
def test_a_payload_becomes_what_its_vector_says(case: Case):
    """Accepted as the value, or refused with the code and path, that the vector names; conversions and all else too."""
    assert complaint(case) is None
