"""What can be wrong with boundaries."""

from __future__ import annotations

from typing import ClassVar

from detente.errors import DetenteError


class BoundaryError(DetenteError):
    """The class of all errors about boundaries."""

    code: ClassVar[str] = "boundary.error"


class BoundaryFileUnreadable(BoundaryError):
    """A file is not one of the formats that are read, or is damaged."""

    code: ClassVar[str] = "boundary.file"


class BoundaryTooLarge(BoundaryError):
    """A file has more bytes, features or vertices than are taken."""

    code: ClassVar[str] = "boundary.too_large"


class BoundaryRefused(BoundaryError):
    """A polygon is not valid, and cannot be repaired without guessing what was meant."""

    code: ClassVar[str] = "boundary.refused"


class BoundaryUnstated(BoundaryError):
    """Something that a boundary must state is missing: claimant, uncertainty."""

    code: ClassVar[str] = "boundary.unstated"


class BoundaryUnknown(BoundaryError):
    """There is no such source, or no such claimant in it."""

    code: ClassVar[str] = "boundary.unknown"


class BoundaryStoreUnusable(BoundaryError):
    """The directory of installed boundaries is damaged, or cannot be written."""

    code: ClassVar[str] = "boundary.store"


class BoundaryDownloadFailed(BoundaryError):
    """A package could not be fetched, or is not the one that is expected."""

    code: ClassVar[str] = "boundary.download"


class BoundaryDoesNotJudge(BoundaryError):
    """A boundary is too uncertain for the question, or is only a picture."""

    code: ClassVar[str] = "boundary.not_a_judge"


class NothingToCompare(BoundaryError):
    """No line of one of the sources lies in the stretch."""

    code: ClassVar[str] = "boundary.nothing_to_compare"
