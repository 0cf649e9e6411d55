"""Findings of the contract folders as the formats that code hosts show beside the changed lines.

- SARIF 2.1.0 (OASIS): https://docs.oasis-open.org/sarif/sarif/v2.1.0/
- GitHub's workflow commands: ``::error file=...,line=...::message``
- GitLab's Code Quality report, a JSON list

Paths are relative to the working directory, which is the repository's root where a workflow runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from gateway import __version__
from gateway.plan.findings import Check, Finding, Grade

GUIDE: Final = "docs/schemas.md"
"""Of the project: where each check is explained."""

_SUMMARIES: Final = {
    Check.FILE: "A file cannot be read as what it should be",
    Check.SCHEMA: "A schema breaks its specification, or cannot run under its contract",
    Check.REFERENCE: "A schema needs another one that no folder holds",
    Check.POINTER: "A contract names a place that its schema does not have",
    Check.OPTION: "A contract declares an option that does nothing with its schema",
    Check.EXAMPLE: "An example is not treated as it says",
    Check.EXAMPLES: "A contract has no examples",
    Check.OWNER: "Nobody answers for a contract",
    Check.DESCRIPTION: "A contract does not say what it is",
    Check.DOC: "A part of a schema does not say what it is",
    Check.NAMES: "A name has not the style that the team agreed on",
    Check.LEVEL: "A folder does not declare its compatibility level",
    Check.COMPATIBILITY: "A changed schema breaks those who read or write with its past",
    Check.HISTORY: "A subject is gone, or its past cannot be read",
}

_NO_FILE: Final = "."
"""Where a finding is shown that is about no file, such as a subject that is gone: the formats want a place."""

_FAILING = (Grade.INVALID, Grade.PROBLEM)


def sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """A SARIF log with one run."""
    rules = [{"id": check.value, "shortDescription": {"text": text}} for check, text in _SUMMARIES.items()]
    driver = {"name": "gateway schemas check", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(finding) for finding in findings]}],
    }


def _result(finding: Finding) -> dict[str, Any]:
    level = "error" if finding.grade in _FAILING else "note"
    result: dict[str, Any] = {
        "ruleId": (finding.check or Check.FILE).value,
        "level": level,
        "message": {"text": finding.message},
    }
    region = {"startLine": finding.line or 1}
    if finding.column is not None:
        region["startColumn"] = finding.column
    place = {"artifactLocation": {"uri": quote(os.fsencode(finding.file or _NO_FILE))}, "region": region}
    result["locations"] = [{"physicalLocation": place}]  # without one GitHub refuses the whole log
    return result


def github(findings: Sequence[Finding]) -> Iterator[str]:
    """Workflow commands, one a line."""
    for finding in findings:
        kind = "error" if finding.grade in _FAILING else "notice"
        properties = {
            "file": finding.file,
            "line": finding.line,
            "col": finding.column,
            "title": f"schemas check: {finding.check or Check.FILE}",
        }
        told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
        yield f"::{kind} {told}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """A Code Quality report; equal findings have equal fingerprints from run to run, wherever their lines move."""
    return [
        {
            "description": finding.message,
            "check_name": (finding.check or Check.FILE).value,
            "fingerprint": sha256(
                "\0".join([finding.file, finding.check or "", finding.path, finding.message]).encode(
                    errors="backslashreplace"
                )
            ).hexdigest(),
            "severity": {Grade.INVALID: "blocker", Grade.PROBLEM: "major"}.get(finding.grade, "info"),
            "location": {"path": finding.file or _NO_FILE, "lines": {"begin": finding.line or 1}},
        }
        for finding in findings
    ]
