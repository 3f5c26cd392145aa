"""TOML files of limited size."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from detente.errors import DetenteError


def read_toml(path: Path, failure: type[DetenteError], bytes_max: int) -> dict[str, Any]:
    """What a file says.

    Args:
        path: the file.
        failure: the error that is raised, with `path` as its place.
        bytes_max: a larger file is refused unread.

    Raises:
        DetenteError: `failure`: it cannot be read, is too large, or is not TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
        if len(data) > bytes_max:
            raise failure(f"It is larger than {bytes_max:,} bytes.", where=str(path))
        return tomllib.loads(data.decode())
    except OSError as error:
        raise failure(f"It cannot be read: {error.strerror}.", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise failure(f"This is not TOML: {error}.", where=str(path)) from None
