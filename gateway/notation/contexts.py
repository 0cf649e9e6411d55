"""Contexts: ``:.name:subject`` is a subject in a name space of its own, with IDs of its own; ``.`` is the default.

A reference without a context means the context of what refers to it, as for Confluent's registry and its clients.
"""

from __future__ import annotations

DEFAULT = "."


def context_of(subject: str) -> str:
    """The context of a subject, ``.`` by default."""
    return subject[1:].partition(":")[0] if subject.startswith(":.") else DEFAULT


def canonical_subject(subject: str) -> str:
    """The subject's one name: the default context is not written."""
    return subject.removeprefix(":.:")


def referred_subject(reference: str, referrer: str) -> str:
    """The one name of the subject that ``reference``, of a schema of the subject ``referrer``, means."""
    context = context_of(referrer)
    if context == DEFAULT or context_of(reference) != DEFAULT:
        return canonical_subject(reference)
    return f":{context}:{canonical_subject(reference)}"
