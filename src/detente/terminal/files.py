"""Files that go with messages: read to be sent, and saved when they came. Nothing opens them.

What another party sent is for saving: its name is made here, from its hash, and it is written
without the right to be run.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.words import Words, same

from .answers import File
from .typesetting import labelled, told

SKETCH_TYPE: Final = "application/geo+json"
FILE_BYTES_MAX: Final = 64 * 1024 * 1024
FILES_MAX: Final = 20
HASH_END: Final = 6
"""So much of a hash, at least, names a file of a message."""
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,50}/[a-z0-9.+-]{1,50}")
"""What a node takes."""
_KNOWN: Final = {
    SKETCH_TYPE: ".geojson",
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "text/csv": ".csv",
    "text/plain": ".txt",
}


class FileFault(DetenteError):
    """A file cannot be sent or saved, or is not the one that a message names.

    Attributes:
        words: why, in both languages.
    """

    code: ClassVar[str] = "terminal.file"

    def __init__(self, words: Words, *, where: str | None = None) -> None:
        super().__init__(words.en, where=where)
        self.words = words

    @property
    def told(self) -> Words:
        """Why, and of which file."""
        return self.words if self.where is None else labelled(same(self.where), self.words)


class FileDiffers(FileFault):
    """What a node gave as a file is not what its message names by hash and size."""

    code: ClassVar[str] = "terminal.file_differs"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is to be sent: its bytes, and its media type."""

    data: bytes
    media_type: str

    @property
    def named(self) -> tuple[str, str]:
        """As a message names it."""
        return hashlib.sha256(self.data).hexdigest(), self.media_type


def checked(file: File, data: bytes) -> bytes:
    """The bytes of a file, if they are what a message names.

    Raises:
        FileDiffers: they are not.
    """
    if hashlib.sha256(data).hexdigest() != file.sha256 or len(data) != file.size:
        words = told(
            "What the node gave is not the file that the message names.",
            "Ce que le nœud a donné n’est pas le fichier que nomme le message.",
        )
        raise FileDiffers(words, where=file.sha256)
    return data


def name_of(file: File) -> str:
    """The name under which a file is saved: of its hash, ending by what its sender says it is."""
    return file.sha256[:16] + _KNOWN.get(file.media_type, ".bin")


def save(out: Path, file: File, data: bytes, *, overwrite: bool = False) -> Path:
    """Write a file whole, readable by its owner alone, never to be run.

    Args:
        out: the file to write; or a directory, for a name that is made from the hash.
        file: what it is.
        data: its bytes.
        overwrite: whether a file that is there is replaced.

    Returns: where it is.

    Raises:
        FileFault: it is there already, or cannot be written.
    """
    path = (out / name_of(file) if out.is_dir() else out).absolute()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    mine = False
    try:
        if not overwrite:
            # The name is taken first: nobody else's file is replaced.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            mine = True
        try:
            opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with open(opened, "wb") as written:
                written.write(data)
                written.flush()
                os.fsync(written.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            if mine:
                path.unlink(missing_ok=True)
            raise
    except FileExistsError:
        words = told("It is there already.", "Il existe déjà.")
        raise FileFault(words, where=str(path)) from None
    except OSError as error:
        why = error.strerror or "?"
        words = told(f"It cannot be written: {why}.", f"Écriture impossible : {why}.")
        raise FileFault(words, where=str(path)) from None
    return path


def find_file(files: Sequence[File], start: str) -> File:
    """The file whose hash begins so.

    Raises:
        FileFault: the message has no such file, or several.
    """
    found = {each.sha256: each for each in files if each.sha256.startswith(start.lower())}
    if len(start) < HASH_END or len(found) != 1:
        words = told(
            f"{len(found)} files of the message have a hash that begins so; give {HASH_END} "
            "digits or more.",
            f"{len(found)} fichiers du message ont une empreinte qui commence ainsi ; donnez au "
            f"moins {HASH_END} chiffres.",
        )
        raise FileFault(words, where=start[:64])
    return next(iter(found.values()))


def media_type_of(path: Path) -> str:
    """What a file is, by its name."""
    if path.suffix.lower() == ".geojson":
        return SKETCH_TYPE
    guessed = mimetypes.guess_type(path.name)[0] or ""
    return guessed if _MEDIA_TYPE.fullmatch(guessed) else "application/octet-stream"


def read_file(path: Path, media_type: str | None = None) -> Attachment:
    """A file to be sent.

    Raises:
        FileFault: it cannot be read, is empty or too large, or no GeoJSON though it should be.
    """
    kind = media_type or media_type_of(path)
    try:
        with path.open("rb") as source:
            data = source.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        why = error.strerror or "?"
        words = told(f"It cannot be read: {why}.", f"Lecture impossible : {why}.")
        raise FileFault(words, where=str(path)) from None
    if not data:
        raise FileFault(told("It is empty.", "Il est vide."), where=str(path))
    if len(data) > FILE_BYTES_MAX:
        raise FileFault(told("It is too large.", "Il est trop grand."), where=str(path))
    if kind == SKETCH_TYPE and not _is_geojson(data):
        words = told("It is no GeoJSON.", "Ce n’est pas du GeoJSON.")
        raise FileFault(words, where=str(path))
    return Attachment(data, kind)


def typed_paths(text: str) -> list[Path]:
    """Paths as they are typed in a form: a semicolon between two."""
    return [Path(part.strip()).expanduser() for part in text.split(";") if part.strip()]


def _is_geojson(data: bytes) -> bool:
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(whole, dict) and isinstance(whole.get("type"), str)
