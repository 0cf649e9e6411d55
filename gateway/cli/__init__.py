"""The commands: parse, call, print, exit code. One module a command; what they do is elsewhere."""

from gateway.cli.main import main

__all__ = ["main"]
