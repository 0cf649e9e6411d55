"""A gateway as its users run it: ``python -m gateway run`` with a gateway.yaml of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.parts.processes import Process, free_port

SCHEMAS = Path(__file__).parents[2] / "schemas"
"""The contracts that the project ships."""


class GatewayProcess:
    """One gateway: its configuration, its process, its admin endpoint."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        """Writes gateway.yaml below ``folder``; ``sections`` are added to it, or replace ours."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.admin_url = f"http://127.0.0.1:{(port := free_port())}"
        admin = {"listen": f"127.0.0.1:{port}"}
        self.settings: dict[str, Any] = {"contracts": str(SCHEMAS), "admin": admin, **sections}
        self.config = folder / "gateway.yaml"
        self.config.write_text(yaml.safe_dump(self.settings))
        self.module: Sequence[str] = ("gateway",)
        """What Python runs, with its first arguments; a variant of the gateway may stand here."""
        self.wrapper: Sequence[str] = ()
        """A command that replaces itself by the gateway, which stands behind it."""
        self.environment: Mapping[str, str] = {}
        """Variables beside those of this process."""
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        """The running process."""
        assert self._process is not None, "not started"
        return self._process

    @property
    def log(self) -> str:
        """All that it has logged, over all its starts."""
        return self.process.log.read_text()

    def launch(self) -> None:
        """Starts the process and returns at once."""
        command = [sys.executable, "-W", "error", "-m", *self.module, "run", "-c", str(self.config)]
        self._process = Process([*self.wrapper, *command], self.folder / "gateway.log", self.environment)

    def start(self) -> None:
        """Starts it, and returns when it is ready. Raises PartFailed."""
        self.launch()
        self.wait_ready()

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Returns when /readyz says ready. Raises PartFailed."""
        self.process.wait_ready(lambda: self.get("/readyz", {}).get("ready") is True, timeout_s)

    def get(self, path: str, otherwise: Any = None) -> Any:
        """The JSON at ``path`` of the admin endpoint; ``otherwise`` while it does not answer."""
        try:
            return httpx.get(self.admin_url + path, timeout=5).json()
        except httpx.TransportError:
            return otherwise

    def metrics(self) -> str:
        """The text of /metrics."""
        return httpx.get(f"{self.admin_url}/metrics", timeout=5).text

    def close(self) -> None:
        """Ends the process if it runs."""
        if self._process is not None and self._process.running:
            self._process.terminate()
