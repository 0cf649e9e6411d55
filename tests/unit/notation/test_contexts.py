"""Contexts, in the names of subjects and in references."""

from __future__ import annotations

import pytest

from gateway.notation.contexts import canonical_subject, context_of, referred_subject


@pytest.mark.parametrize(
    ("subject", "context", "name"),
    [
        ("pump", ".", "pump"),
        (":.:pump", ".", "pump"),
        (":.lab:pump", ".lab", ":.lab:pump"),
        (":.lab:", ".lab", ":.lab:"),
        ("a:b", ".", "a:b"),
    ],
)
def test_a_subject_has_one_name_and_one_context(subject: str, context: str, name: str) -> None:
    """The default context is not written."""
    assert (context_of(subject), canonical_subject(subject)) == (context, name)


@pytest.mark.parametrize(
    ("reference", "referrer", "meant"),
    [
        ("pos", "pump", "pos"),
        ("pos", ":.:pump", "pos"),
        ("pos", ":.lab:pump", ":.lab:pos"),
        (":.:pos", ":.lab:pump", ":.lab:pos"),
        (":.hall:pos", ":.lab:pump", ":.hall:pos"),
        (":.hall:pos", "pump", ":.hall:pos"),
        (":.:pos", "pump", "pos"),
    ],
)
def test_what_a_reference_means(reference: str, referrer: str, meant: str) -> None:
    """As for Confluent's registry: the default context, written or not, is the referrer's."""
    assert referred_subject(reference, referrer) == meant
