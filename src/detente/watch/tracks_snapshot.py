"""What tracks know, as bytes: for a run that goes on later or elsewhere."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from detente.errors import DetenteError

Array: TypeAlias = npt.NDArray[np.generic]

_HEADER: Final = "header"
_DAMAGES: Final = (
    ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error, msgspec.MsgspecError,
)  # fmt: skip


class SnapshotUnusable(DetenteError, ValueError):
    """A snapshot that is damaged, or of another version."""

    code = "watch.snapshot"


class Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is no array.

    Attributes:
        version: of this form.
        names, callsigns: by number of aircraft; those of free numbers are of nobody.
        free: numbers that are given to the next new aircraft, the last first.
        sources: name, format, assumed horizontal and vertical metres; by number.
        kept: how many reports were kept.
        newest_us: the latest time of a kept report; None if there was none.
    """

    version: int
    names: tuple[str, ...]
    callsigns: tuple[str, ...]
    free: tuple[int, ...]
    sources: tuple[tuple[str, str, float, float], ...]
    kept: int
    newest_us: float | None


def packed(remembered: Remembered, arrays: dict[str, Array]) -> bytes:
    """One piece of bytes, the same for the same contents."""
    header = np.frombuffer(msgspec.json.encode(remembered), dtype=np.uint8)
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays, **{_HEADER: header})
    return out.getvalue()


def unpacked(data: bytes, version: int) -> tuple[Remembered, dict[str, Array]]:
    """What was packed.

    Raises:
        SnapshotUnusable: see there.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        header = arrays.pop(_HEADER)
        remembered = msgspec.json.decode(header.tobytes(), type=Remembered)
    except _DAMAGES as problem:
        raise SnapshotUnusable(
            f"The snapshot of tracks is damaged: {problem}.", advice="Start the run anew."
        ) from problem
    if remembered.version != version:
        raise SnapshotUnusable(
            f"The snapshot of tracks has version {remembered.version}, not {version}.",
            advice="Start the run anew.",
        )
    return remembered, arrays
