"""Files that people write: read with bounds, and every mistake in them with its place.

What is wrong with a file is collected as ``ConfigProblem``s, so that one run shows them all.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gateway.errors import ConfigError, ConfigProblem
from gateway.notation import NotationError, yaml
from gateway.notation.document import Document, KeyPath, ListNode, MappingNode, ScalarNode

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""Largest schema or examples file: what Schema Registry would take, and far more than people write."""

EMPTY: Final = "has no value: give it one, or remove the key"

_WORDS: Final = frozenset({"non_finite", "nan_literals"})
"""Keys that may have the word null as their value: written without quotes YAML reads it as nothing."""

_SECRET: Final = re.compile(
    r"password|passphrase|secret|user\.info|auth\.token|\.pem$|jaas|oauthbearer\.config|assertion", re.IGNORECASE
)
"""A key that contains one of these holds what no message may show."""


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML file, for reading and for saying where in it something is wrong."""

    file: str
    """As it is shown to people."""
    document: Document

    @property
    def value(self) -> Any:
        """The whole file as plain values."""
        return self.document.value

    def problem(self, path: KeyPath, message: str, *, key: bool = False) -> ConfigProblem:
        """What is wrong at ``path``: with its value or, if ``key``, with the key itself."""
        place = self.document.key_place(path) if key else self.document.place(path)
        return ConfigProblem(self.file, message, place.line, place.column, dotted(path))

    def text(self, path: KeyPath) -> str | None:
        """What is written for a scalar at ``path``; None where there is none."""
        node = self.document.find(path)
        return node.text if isinstance(node, ScalarNode) else None

    def is_list(self, path: KeyPath) -> bool:
        """Whether a list is written at ``path``."""
        return isinstance(self.document.find(path), ListNode)

    def is_number(self, path: KeyPath) -> bool:
        """Whether YAML reads what is written at ``path`` as a number or boolean, and not as text."""
        node = self.document.find(path)
        return isinstance(node, ScalarNode) and isinstance(node.value, int | float)

    def shown(self, path: KeyPath) -> str:
        """The value at ``path`` as it is written, short enough for a message and without secrets."""
        node = self.document.find(path)
        if node is None:
            return "nothing"
        if any(is_secret(str(key)) for key in path):
            return "a value that is not shown"
        if isinstance(node, ScalarNode):
            text = node.text if len(node.text) <= 60 else f"{node.text[:57]}..."
            return repr(text) if isinstance(node.value, str) else text or "nothing"
        return "a mapping" if isinstance(node, MappingNode) else "a list"


def dotted(path: KeyPath) -> str:
    """A path as messages show it: ``mqtt.tls.ca_file``, ``accepted[0].payload``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def is_secret(key: str) -> bool:
    """Whether the value of a key or property called ``key`` must not be shown."""
    return _SECRET.search(key) is not None


def display(path: Path) -> str:
    """A path as messages show it: relative to the working directory where it lies below it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_source(path: Path) -> Source:
    """The YAML file at ``path``. Raises ConfigError where it is unreadable, no YAML, or empty."""
    file = display(path)
    try:
        document = yaml.parse(read_text(path))
    except NotationError as exc:
        raise ConfigError([ConfigProblem(file, str(exc), exc.line, exc.column)]) from exc
    source = Source(file, document)
    if not isinstance(document.root, MappingNode):
        message = "the file is empty: " if document.value is None else f"found {source.shown(())}: "
        raise ConfigError([source.problem((), message + "write keys and values, one 'key: value' a line")])
    return source


@contextmanager
def locating(path: Path) -> Iterator[None]:
    """Within it what others find wrong with a key of the YAML file at ``path`` is raised with its place there.

    Client libraries judge their properties long after the file was read and let go: it is read once more for that.
    """
    try:
        yield
    except ConfigError as exc:
        raise ConfigError([_located(problem, path) for problem in exc.problems]) from exc


def _located(problem: ConfigProblem, path: Path) -> ConfigProblem:
    # Behind the section everything is one key: properties of others have dots in their names.
    section, _, name = problem.key.partition(".")
    if problem.line is not None or not section:
        return problem
    source = read_source(path)
    if source.document.find((section,)) is None:
        return replace(problem, file=source.file)
    return source.problem((section, name) if name else (section,), problem.message, key=True)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Within it what the operating system refuses is raised as a ConfigError that names ``path``."""
    try:
        yield
    except OSError as exc:
        raise _unreadable(path, f"cannot be read: {exc.strerror or exc}") from exc


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder, or a link that should lead to one. Raises ConfigError: nobody may know.

    Before Python 3.14 ``Path.exists`` and its like raise PermissionError for that, and from then on they say no.
    """
    with reading(path):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def is_folder(path: Path) -> bool | None:
    """Whether it is a folder, or a link to one; None where nothing is there. Raises ConfigError: nobody may know."""
    with reading(path):
        try:
            return stat.S_ISDIR(path.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None


def read_text(path: Path) -> str:
    """The UTF-8 text of a regular file. Raises ConfigError that names it."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(path, "is no file")
        if status.st_size > MAX_FILE_BYTES:
            raise _unreadable(path, f"has {status.st_size} bytes, the limit is {MAX_FILE_BYTES}")
        content = path.read_bytes()
    except FileNotFoundError as exc:
        broken = path.is_symlink()
        raise _unreadable(
            path, f"is a link to {path.readlink()}, which is missing" if broken else "is missing"
        ) from exc
    except OSError as exc:
        raise _unreadable(path, f"cannot be read: {exc.strerror or exc}") from exc
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        message = f"byte 0x{content[exc.start]:02x} is not UTF-8: save the file as UTF-8"
        raise ConfigError([ConfigProblem(display(path), message, line)]) from exc


def empty_values(source: Source, path: KeyPath = (), skip: frozenset[str] = frozenset()) -> dict[KeyPath, str]:
    """The values that nothing was written for, or that YAML misread; ``skip`` names keys where null has a meaning.

    Path -> message.
    """
    node = source.document.find(path)
    misread = source.document.misreading(path)
    if isinstance(node, ScalarNode) and node.value is None:
        if node.text and path[-1:] and path[-1] in _WORDS:
            return {}
        return {path: f"{EMPTY}; {misread}" if misread else EMPTY}
    if isinstance(node, MappingNode):
        if misread:
            return {path: misread}
        children: list[str | int] = [key for key in node.entries if key not in skip]
    elif isinstance(node, ListNode):
        children = list(range(len(node.items)))
    else:
        return {}
    return {place: text for key in children for place, text in empty_values(source, (*path, key), skip).items()}


def _unreadable(path: Path, message: str) -> ConfigError:
    return ConfigError([ConfigProblem(display(path), message)])
