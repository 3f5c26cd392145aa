"""Settings declared once, as the fields of a frozen dataclass, and read from four places.

The first place that gives a value wins: command line, environment, configuration file (TOML),
default. Command-line options, environment variables, keys of the file and the table in the manual
all follow from the declaration:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class ProgramSettings:
        port: int = setting("TCP port to listen on.", default=8082, minimum=0, maximum=65535)

    loaded = load(
        ProgramSettings, prefix="DETENTE_PROGRAM", command_line={}, environment=os.environ
    )

A value that does not fit, or a key that nobody knows, is an error which names the place and the
remedy; all of them are found in one go.
"""

from . import checks, usual
from .declaring import Check, Declaration, Setting, declared, setting
from .loading import Loaded, load
from .problems import Problem, SettingsInvalid
from .showing import describe, markdown_table
from .toml_files import read_toml

__all__ = [
    "Check",
    "Declaration",
    "Loaded",
    "Problem",
    "Setting",
    "SettingsInvalid",
    "checks",
    "declared",
    "describe",
    "load",
    "markdown_table",
    "read_toml",
    "setting",
    "usual",
]
