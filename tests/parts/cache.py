"""Downloaded parts: fetched once, kept below ``.cache/parts``, or where $SCHEMA_GATEWAY_PARTS says.

Rules
- A part is there completely or not at all: it is built in a folder of its own and renamed.
- Test runs that start together wait for one download (a lock file), instead of making two.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


class PartMissing(Exception):
    """A part cannot be had on this machine."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        """What to run or to set so that it can be had."""


def cached(name: str, build: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache; the first time it is filled by ``build(empty folder)``, which may raise."""
    parts = Path(os.environ.get("SCHEMA_GATEWAY_PARTS") or PROJECT / ".cache" / "parts")
    folder = parts / name
    if folder.is_dir():
        return folder
    parts.mkdir(parents=True, exist_ok=True)
    with (parts / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(prefix=f"{name}.", dir=parts) as work:
                content = Path(work, "content")
                content.mkdir()
                build(content)
                content.rename(folder)
    return folder


def maven(*arguments: str) -> None:
    """Runs Maven, quietly. Raises PartMissing where it is not installed or cannot download."""
    command = shutil.which("mvn")
    if command is None:
        raise PartMissing("Maven is not installed", "apt-get install maven")
    run = subprocess.run([command, "-q", "-B", *arguments], capture_output=True, text=True, timeout=900, check=False)
    if run.returncode:
        last = (run.stdout + run.stderr).strip().splitlines()[-3:]
        raise PartMissing(
            f"Maven could not download it: {' / '.join(last)}",
            "allow access to Maven Central (https://repo.maven.apache.org), or name a mirror in ~/.m2/settings.xml",
        )


def java(at_least: int, package: str) -> Path:
    """The ``java`` program of the oldest installed JDK from ``at_least`` on.

    Looks at $JAVA_HOME, below /usr/lib/jvm, and at the PATH. Raises PartMissing where there is none.
    """
    on_path = shutil.which("java")
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    homes += [path for path in sorted(Path("/usr/lib/jvm").glob("*")) if not path.is_symlink()]
    homes += [Path(on_path).resolve().parents[1]] if on_path else []
    found = {_version(home): home / "bin" / "java" for home in reversed(homes) if (home / "bin" / "java").is_file()}
    fitting = sorted(version for version in found if version >= at_least)
    if not fitting:
        raise PartMissing(f"no Java {at_least} or newer is installed", f"apt-get install {package}, or set JAVA_HOME")
    return found[fitting[0]]


def _version(home: Path) -> int:
    """The major version that the JDK's ``release`` file names, 0 where it does not."""
    release = home / "release"
    for line in release.read_text().splitlines() if release.is_file() else ():
        if line.startswith("JAVA_VERSION="):
            return int(line.partition("=")[2].strip('"').split(".")[0].split("-")[0].split("+")[0])
    return 0
