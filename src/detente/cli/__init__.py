"""The command line: `detente ...`."""

from detente.cli.reference import reference
from detente.cli.root import main, root

# It describes all commands: it stands on them, and they do not know it.
root.add_command(reference)

__all__ = ["main"]
