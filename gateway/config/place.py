"""Where the folder of contracts is, for who names one contract: a contract is called by its path below that.

What says so, the first that does: a gateway.yaml, in the working directory or around the contract, whose ``contracts``
the contract lies in; the rules.yaml of the team; a folder called ``schemas``. Without any of these nobody knows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from gateway.config.files import read_source
from gateway.config.load import load_settings
from gateway.config.rules_file import RULES_FILE
from gateway.errors import ConfigError

_SETTINGS_FILE: Final = "gateway.yaml"
_FOLDER: Final = "schemas"
"""What gateway.yaml names if it names nothing, and what the folder is called where there is none."""


def contract_name(folder: Path) -> str:
    """What the contract in ``folder`` is called in production; its folder's own name where that cannot be known."""
    here, root = _absolute(folder), contracts_root(folder)
    return here.name if root in {None, here} else here.relative_to(root or here).as_posix()


def contracts_root(folder: Path) -> Path | None:
    """The folder of contracts around ``folder``, or itself, as an absolute path; None where nothing says."""
    here = _absolute(folder)
    around = (here, *here.parents)
    for place in dict.fromkeys((Path.cwd(), *around)):
        root = _declared(place / _SETTINGS_FILE)
        if root in around:
            return root
    ruled = next((each for each in around if _is_file(each / RULES_FILE)), None)
    return ruled or next((each for each in here.parents if each.name == _FOLDER), None)


def _declared(file: Path) -> Path | None:
    """The folder that a gateway.yaml names, None where it cannot be read: that is another command's business.

    Only where the folder itself comes from outside are the file's other values asked for: secrets need not be at hand.
    """
    if not _is_file(file):
        return None
    try:
        declared = read_source(file).value.get("contracts", _FOLDER)
        if isinstance(declared, str) and "${" in declared:
            return _absolute(load_settings(file).contracts)
    except ConfigError:
        return None
    return _absolute(file.parent / declared) if isinstance(declared, str) else None


def _is_file(path: Path) -> bool:
    """Whether there is such a file; who may not look there does not know of any."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _absolute(path: Path) -> Path:
    """The path without ``..``, links as they are: a contract behind a link is called by the link."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - pathlib's own keeps ".."
