"""Logs as they were: what a test configures ends with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.admin.logs import LibraryLines


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    """Restores structlog and the standard library's loggers afterwards."""
    root, own = logging.getLogger(), logging.getLogger("gateway")
    levels = root.level, own.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    for handler in [each for each in root.handlers if isinstance(each, LibraryLines)]:
        root.removeHandler(handler)
    root.setLevel(levels[0])
    own.setLevel(levels[1])
