"""The command line: `detente ...`."""

from detente.cli.root import main

__all__ = ["main"]
