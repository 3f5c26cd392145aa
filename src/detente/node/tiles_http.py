"""A party's log for others to read: C2SP tlog-tiles, as files of a directory.

The directory is the one that `record.TileDirectory` publishes into; nothing is computed here. A
path is taken apart and put together again from numbers, so that no request can name another file.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from detente.errors import DetenteError
from detente.http import Endpoint, Handler, HttpError, NotFound, Request, Response
from detente.record import CosignatureVerifier, parse_path

from .names import witness_digest

FOREVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")
NO_STORE: Final = (b"cache-control", b"no-store")
NOTE_TYPE: Final = b"text/plain; charset=utf-8"
TILE_TYPE: Final = b"application/octet-stream"

_TILE_BYTES_MAX = 256 * (2 + 65_535)
_CHECKPOINT_BYTES_MAX = 64 * 1024
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_DEPTH_MAX = 3
"""Three parts of three digits: 256 thousand million entries."""

Consistency = Callable[[int, int], list[bytes]]
NewestCosigned = Callable[[CosignatureVerifier], Awaitable[str | None]]
"""Gives the newest checkpoint of the log that bears a witness's good cosignature, if any."""


class TilesUnreadable(HttpError):
    """A published file of the log cannot be read, or is not what belongs there."""

    code: ClassVar[str] = "tiles.unreadable"


def tiles_endpoints(
    prefix: str,
    directory: Path,
    *,
    witnesses: Callable[[], tuple[CosignatureVerifier, ...]] = tuple,
    newest_cosigned: NewestCosigned | None = None,
    consistency: Consistency | None = None,
) -> list[Endpoint]:
    """Endpoints that serve one log under a path prefix such as `/log`.

    Args:
        prefix: begins with a slash, does not end with one.
        directory: holds `checkpoint` and `tile/`.
        witnesses: the keys that may cosign the log now. For each, `GET <prefix>/cosigned/<digest>`
            gives the newest checkpoint that it has cosigned, so that a witness that was restarted
            can learn what it had signed; `<digest>` is `witness_digest`.
        newest_cosigned: finds that checkpoint.
        consistency: makes a proof for `GET <prefix>/consistency/<old>/<new>`: lines of base64, as
            tlog-witness has them. Whoever has the tiles could make it; a witness has none.
    """

    async def checkpoint(request: Request[None]) -> Response:
        data = await asyncio.to_thread(_read, directory / "checkpoint", _CHECKPOINT_BYTES_MAX)
        return Response(200, data, (NO_STORE,), content_type=NOTE_TYPE)

    async def cosigned(request: Request[None]) -> Response:
        wanted = request.path["witness"]
        for witness in witnesses():
            if witness_digest(witness) == wanted and newest_cosigned is not None:
                note = await newest_cosigned(witness)
                if note is not None:
                    return Response(200, note.encode(), (NO_STORE,), content_type=NOTE_TYPE)
        raise NotFound("No checkpoint of this log bears a cosignature by that witness.")

    async def proof(request: Request[None]) -> Response:
        sizes = [request.path["old"], request.path["new"]]
        if consistency is None or not all(map(_SIZE.fullmatch, sizes)):
            raise NotFound("There is no such proof.")
        try:
            found = await asyncio.to_thread(consistency, *map(int, sizes))
        except (ValueError, DetenteError):
            raise NotFound("The log does not have these sizes.") from None
        lines = "".join(base64.b64encode(one).decode() + "\n" for one in found)
        return Response(200, lines.encode(), (NO_STORE,), content_type=NOTE_TYPE)

    async def tile(request: Request[None]) -> Response:
        ref = parse_path("tile/" + "/".join(request.path.values()))
        if ref is None:
            raise NotFound("There is no such tile.")
        data = await asyncio.to_thread(_read, directory / ref.path, _TILE_BYTES_MAX)
        return Response(200, data, (FOREVER,), content_type=TILE_TYPE)

    return [
        _get(f"{prefix}/checkpoint", checkpoint, "getCheckpoint", "The newest checkpoint."),
        _get(
            f"{prefix}/cosigned/{{witness}}",
            cosigned,
            "getCosignedCheckpoint",
            "The newest checkpoint that a witness has cosigned.",
            {"witness": "SHA-256 of the witness's vkey, in hexadecimal"},
        ),
        _get(
            f"{prefix}/consistency/{{old}}/{{new}}",
            proof,
            "getConsistency",
            "Proof that the log of one size is a beginning of that of another.",
        ),
        *(
            _get(
                f"{prefix}/tile/{{level}}/" + "/".join(f"{{n{i}}}" for i in range(depth)),
                tile,
                f"getTile{depth}",
                "A tile of hashes, or of entries (C2SP tlog-tiles).",
            )
            for depth in range(1, _DEPTH_MAX + 2)  # the width of a partial tile is one more
        ),
    ]


def _get(
    path: str, handler: Handler, name: str, summary: str, help_: dict[str, str] | None = None
) -> Endpoint:
    responses: dict[int, Any] = {200: None, 404: None}
    return Endpoint(
        method="GET",
        path=path,
        handler=handler,
        operation_id=name,
        summary=summary,
        responses=responses,
        tags=("log",),
        public=True,
        path_help=help_ or {},
    )


def _read(path: Path, limit: int) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size <= limit:
                return file.read(limit)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound("It has not been published.") from None
    except OSError as error:
        raise TilesUnreadable(f"It cannot be read: {error.strerror}.", where=path.name) from error
    raise TilesUnreadable("It is not a file of the expected size.", where=path.name)
