"""Write NOTICE: what Détente stands on, and under which licences. `--check` only compares.

The names come from `uv.lock` (everything an installation on Linux can pull in, development tools
left out), the licences from the metadata of the installed packages. Versions are left out on
purpose: they stand in `uv.lock`, and NOTICE changes only when a dependency comes or goes.
"""

from __future__ import annotations

import sys
import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

# Where a package's own metadata is missing, or too vague to name a licence.
LICENCES = {
    "apsw": "Zlib, or any other OSI-approved licence",
    "numba": "BSD-2-Clause",
    "protobuf": "BSD-3-Clause",
    "pyrage": "MIT",
    "uvloop": "MIT OR Apache-2.0",
}
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Libraries inside the wheels, as the wheels' own licence files or the shared objects in them tell.
BUNDLED = {
    "apsw": ["SQLite (public domain)"],
    "cryptography": ["OpenSSL (Apache-2.0)"],
    "httptools": ["llhttp (MIT)", "http-parser (MIT)"],
    "llvmlite": ["LLVM (Apache-2.0 WITH LLVM-exception)"],
    "numpy": [
        "OpenBLAS (BSD-3-Clause)",
        "the GCC runtime library (GPL-3.0-or-later WITH GCC-exception-3.1)",
        "libquadmath (LGPL-2.1-or-later)",
    ],
    "psycopg-binary": [
        "libpq (PostgreSQL)",
        "OpenSSL (Apache-2.0)",
        "MIT Kerberos (MIT)",
        "OpenLDAP (OLDAP-2.8)",
        "Cyrus SASL (BSD)",
        "libxcrypt (LGPL-2.1-or-later)",
        "keyutils (LGPL-2.1-or-later)",
    ],
    "pynacl": ["libsodium (ISC)"],
    "pyogrio": [
        "GDAL (MIT)",
        "GEOS (LGPL-2.1-only)",
        "PROJ (MIT)",
        "SQLite (public domain)",
        "OpenSSL (Apache-2.0)",
        "curl (curl)",
        "expat (MIT)",
        "libkml (BSD-3-Clause)",
        "libtiff (libtiff)",
        "libpng (libpng-2.0)",
        "libjpeg-turbo (IJG AND BSD-3-Clause AND Zlib)",
        "LERC (Apache-2.0)",
        "json-c (MIT)",
        "Qhull (Qhull)",
        "muParser (BSD-2-Clause)",
        "zlib (Zlib)",
        "Zstandard (BSD-3-Clause)",
        "XZ (0BSD)",
    ],
    "pyproj": [
        "PROJ (MIT)",
        "SQLite (public domain)",
        "curl (curl)",
        "nghttp2 (MIT)",
        "libtiff (libtiff)",
    ],
    "shapely": ["GEOS (LGPL-2.1-only)"],
    "uvloop": ["libuv (MIT)"],
}

HEAD = """\
Détente
Copyright The Détente developers

This product is licensed under the Apache License, Version 2.0 (see LICENSE).

It contains no source code of others. When it is installed, the package manager fetches the packages
below beside it, each from its authors and under its own licence; the exact versions stand in
uv.lock. This file is written by scripts/notice.py.
"""
LGPL = """\
psycopg and psycopg-binary are licensed under LGPL-3.0-only. GEOS inside shapely and pyogrio is
under LGPL-2.1-only, and some of the libraries inside psycopg-binary and numpy are under
LGPL-2.1-or-later. Détente uses all of them unchanged, as separate packages that are loaded at run
time and that anyone can replace in the same environment by a changed version. Nothing of them is
copied into Détente.
"""
DATA = """\
The demonstration reads recorded flights from the sample files of the Python package `traffic` (MIT
licence, Xavier Olive and others). The tracks in it come from the receivers of the OpenSky Network
(https://opensky-network.org; M. Schäfer et al., "Bringing Up OpenSky", IPSN 2014). Détente does not
contain or pass on any of these data: the user's own command fetches the package, and its terms and
those of the OpenSky Network hold for what is done with the tracks.

The build fetches the borders of country-coder 5.6.1 (ISC licence, copyright country-coder
contributors) into the package; their licence lies beside them. The user's own command may fetch
others: @geo-maps/countries-maritime-10m (© OpenStreetMap contributors, ODbL 1.0) and world-atlas
(made with Natural Earth, public domain). Détente does not contain or pass on those; wherever their
lines are drawn or exported, their attribution stands beside them.
"""
WIDTH = 100


def read_lock(path: Path = ROOT / "uv.lock") -> dict[str, Any]:
    """The parsed lock file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def runtime_packages(lock: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Names of what an installation on Linux can need: (always, only with an extra of Détente)."""
    packages: dict[str, list[Mapping[str, Any]]] = {}
    for package in lock["package"]:
        packages.setdefault(package["name"], []).append(package)
    (own,) = packages["detente"]
    always = _closure(own.get("dependencies", []), packages)
    optional: set[str] = set()
    for dependencies in own.get("optional-dependencies", {}).values():
        optional |= _closure(dependencies, packages)
    return sorted(always), sorted(optional - always)


def _closure(
    roots: Iterable[Mapping[str, Any]], packages: Mapping[str, list[Mapping[str, Any]]]
) -> set[str]:
    seen: set[tuple[str, str]] = set()  # (name, extra), "" for the package itself
    todo = [pair for root in roots for pair in _wanted(root)]
    while todo:
        name, extra = pair = todo.pop()
        if pair in seen:
            continue
        seen.add(pair)
        for package in packages[name]:
            dependencies = (
                package.get("optional-dependencies", {}).get(extra, [])
                if extra
                else package.get("dependencies", [])
            )
            todo.extend(pair for one in dependencies for pair in _wanted(one))
    return {name for name, _ in seen}


def _wanted(dependency: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "marker" in dependency and not _on_linux(Marker(dependency["marker"])):
        return []
    return [(dependency["name"], extra) for extra in ("", *dependency.get("extra", []))]


def _on_linux(marker: Marker) -> bool:
    return any(
        marker.evaluate(
            {
                **{name: str(value) for name, value in default_environment().items()},
                "python_version": python,
                "python_full_version": f"{python}.0",
                "sys_platform": "linux",
                "platform_system": "Linux",
                "os_name": "posix",
                "platform_python_implementation": "CPython",
                "implementation_name": "cpython",
            }
        )
        for python in PYTHONS
    )


def licence_of(name: str) -> str:
    """The licence of an installed package; ValueError if its metadata do not tell one."""
    if name in LICENCES:
        return LICENCES[name]
    try:
        about = metadata(name)
    except PackageNotFoundError:
        raise ValueError(f"{name} is not installed here: name its licence in LICENCES") from None
    expression, *_ = about.get_all("License-Expression") or [""]
    if expression:
        return str(expression)
    field, *_ = about.get_all("License") or [""]
    if field.strip() and "\n" not in field.strip() and len(field) < 40:
        return str(field.strip())
    found = [
        CLASSIFIERS.get(last, last)
        for classifier in about.get_all("Classifier") or []
        if classifier.startswith("License ::") and (last := classifier.rsplit(" :: ", 1)[1])
    ]
    if not found:
        raise ValueError(f"{name} does not tell its licence: name it in LICENCES")
    return " OR ".join(found)


def _lines(names: Iterable[str]) -> str:
    lines = []
    for name in names:
        line = f"  {name}: {licence_of(name)}"
        if name in BUNDLED:
            line += f"; its wheel contains {', '.join(BUNDLED[name])}"
        lines.extend(textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False))
    return "\n".join(lines) + "\n"


def _section(title: str, body: str) -> str:
    return f"\n{title}\n{'-' * len(title)}\n{body}"


def notice() -> str:
    """The whole text of NOTICE."""
    always, optional = runtime_packages(read_lock())
    return (
        HEAD
        + _section("Packages needed at run time, direct and transitive", _lines(always))
        + _section("Packages of the optional extra `tracing`", _lines(optional))
        + _section("The LGPL parts", LGPL)
        + _section("Data", DATA)
    )


def named_in(text: str) -> set[str]:
    """The packages that a NOTICE names."""
    return {
        canonicalize_name(line.strip().split(":")[0])
        for line in text.splitlines()
        if line.startswith("  ") and not line.startswith("    ")
    }


def differences() -> list[str]:
    """What NOTICE lacks or names needlessly, as sentences; empty if it is right."""
    named = named_in((ROOT / "NOTICE").read_text(encoding="utf-8"))
    always, optional = runtime_packages(read_lock())
    needed = {*always, *optional}
    return [f"NOTICE does not name {name}" for name in sorted(needed - named)] + [
        f"NOTICE names {name}, which is no dependency" for name in sorted(named - needed)
    ]


def main(arguments: list[str]) -> int:
    """Write NOTICE, or with `--check` say what is wrong with it; the process's exit code."""
    if arguments == ["--check"]:
        wrong = differences()
        for sentence in wrong:
            print(sentence, file=sys.stderr)
        return 1 if wrong else 0
    (ROOT / "NOTICE").write_text(notice(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
