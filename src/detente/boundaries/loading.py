"""From names and paths to boundaries with their index, compiled once and kept."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from detente.errors import DetenteError
from detente.kernels import BorderIndex

from . import country_coder
from .assembling import Assembled
from .boundary_set import BoundarySet, Progress
from .errors import BoundaryFileUnreadable, BoundaryUnknown
from .exporting import imported
from .features import check_size
from .model import Boundary
from .own import GEOJSON_SUFFIXES
from .store import BoundaryStore

DEFAULT: Final = country_coder.ID
_SPEC: Final = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(:(?P<codes>[^:/]+))?")


def load_boundaries(
    specs: Sequence[str] = (),
    *,
    store: BoundaryStore | None = None,
    progress: Progress | None = None,
) -> BoundarySet:
    """Boundaries by name or path, several sources in one set; with the index, compiled if need be.

    Args:
        specs: each a name (`maritime-10m`), a name with claimants or codes (`maritime-10m:ES,FR`),
            or the path of a file that `detente boundary export` wrote; none: the default.
        store: of what is installed; the user's if not given. Indices are kept in it.
        progress: told the share of compiling that is done, from 0 to 1.

    Raises:
        BoundaryUnknown: a source is not installed, or has no such claimant.
        BoundaryFileUnreadable, BoundaryUnstated, BoundaryRefused: a file cannot be used.
        BoundaryStoreUnusable: what is installed is damaged.
    """
    kept = BoundaryStore.default() if store is None else store
    boundaries: dict[str, Boundary] = {}
    for spec in specs or (DEFAULT,):
        for each in read_spec(spec, kept):
            boundaries[each.id] = each
    return compiled(tuple(boundaries.values()), kept, progress)


def read_spec(spec: str, store: BoundaryStore) -> tuple[Boundary, ...]:
    """The boundaries that a name or a path stands for; see `load_boundaries`."""
    path = Path(spec)
    if path.suffix.lower() in GEOJSON_SUFFIXES:
        try:
            check_size(path)
            return imported(path.read_bytes(), path).boundaries
        except OSError as error:
            raise BoundaryFileUnreadable(
                f"It cannot be read: {error.strerror}.", where=spec
            ) from None
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise BoundaryUnknown(
            f"{spec!r} is neither the name of a source nor a GeoJSON file.",
            advice="Other files become a source by detente boundary import.",
        )
    boundaries = installed(found["name"], store).boundaries
    if not found["codes"]:
        return boundaries
    return tuple(
        each for code in found["codes"].split(",") for each in chosen(boundaries, code.strip())
    )


def installed(name: str, store: BoundaryStore | None = None) -> Assembled:
    """The boundaries of a source that is installed, or came with the build.

    Raises:
        BoundaryUnknown: it is neither.
        BoundaryStoreUnusable: it is damaged.
    """
    kept = BoundaryStore.default() if store is None else store
    if name == country_coder.ID and name not in kept.names():
        return country_coder.assemble(country_coder.built_in())
    return kept.read(name)


def chosen(boundaries: Sequence[Boundary], code: str) -> list[Boundary]:
    """Those with this claimant or code.

    Raises:
        BoundaryUnknown: there is none.
    """
    found = [
        each
        for each in boundaries
        if code in (each.claimant, each.id, each.id.partition("/")[2], each.name)
    ]
    if not found:
        source = boundaries[0].source.id if boundaries else "the source"
        raise BoundaryUnknown(
            f"{source} has no boundary that {code!r} claims.",
            advice=f"detente boundary show {source} lists those it has.",
        )
    return found


def compiled(
    boundaries: tuple[Boundary, ...], store: BoundaryStore, progress: Progress | None = None
) -> BoundarySet:
    """The set of boundaries, with an index from the store, or compiled and put into it."""
    path = store.compiled(_key(boundaries))
    if path.is_file():
        # One that is damaged or of another version is made anew.
        with suppress(DetenteError, OSError, ValueError):
            index = BorderIndex.load(path)
            with suppress(OSError):
                path.touch()
            return BoundarySet(boundaries, index)
    made = BoundarySet.build(boundaries, progress)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".npz")
        os.close(handle)
        try:
            made.index.save(Path(name))
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        store.forget_compiled()
    return made


def _key(boundaries: Sequence[Boundary]) -> str:
    """Of everything that an index depends on: the coordinates, and which are whose."""
    digest = hashlib.sha256()
    for boundary in boundaries:
        digest.update(b"boundary")
        for polygon in boundary.polygons:
            for ring in polygon:
                digest.update(len(ring).to_bytes(8, "little"))
                digest.update(ring.astype("<f8").tobytes())
    return digest.hexdigest()
