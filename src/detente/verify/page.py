"""Writes the page that verifies a bundle in a browser: one file, no server, no network.

The sources in `page/` are plain scripts that share one scope, put together in a fixed order; the
same files give the same bytes. The page is a third implementation of the bundle's description and
shares nothing with the others but constants, and the sentences of the report, so that both say the
same in the same words. Its
Content-Security-Policy allows the one script and the one style by their hashes, a worker made of
that same script, and nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from importlib import resources
from pathlib import Path
from typing import Final

from detente import formats

from .phrases import EN, FR

_SCRIPTS: Final = (
    "bytes.js",
    "json.js",
    "zip.js",
    "ed25519.js",
    "note.js",
    "merkle.js",
    "toml.js",
    "agreement.js",
    "keyring.js",
    "payload.js",
    "items.js",
    "links.js",
    "extras.js",
    "checks.js",
    "verify.js",
    "phrases.js",
    "statements.js",
    "timeline.js",
    "show.js",
    "page.js",
)
_CONSTANTS: Final = (
    "PAYLOAD_TYPE_PREFIX",
    "PAYLOAD_TYPE_SUFFIX",
    "AGREEMENT_TYPE",
    "BUNDLE_FORMAT",
    "ALGORITHM_LOG",
    "ALGORITHM_COSIGNATURE",
    "ROTATION_CONTEXT",
    "ENROLMENT_CONTEXT",
    "STATUSES",
    "PURPOSES",
    "GRADES",
    "JSON_DEPTH_MAX",
    "JSON_VALUES_MAX",
    "BUNDLE_CHECKPOINTS_MAX",
    "PAYLOAD_BYTES_MAX",
    "LIST_MAX",
    "CHANNEL_CHARACTERS_MAX",
    "NOTE_BYTES_MAX",
    "NOTE_SIGNATURES_MAX",
    "ENTRY_BYTES_MAX",
    "BUNDLE_MEMBERS_MAX",
    "BUNDLE_MEMBER_BYTES_MAX",
    "FINDING_CODES",
)


def page() -> str:
    """The page as HTML; the same for every call."""
    script = "\n".join(['"use strict";', _constants(), *map(_asset, _SCRIPTS)])
    style = _asset("page.css")
    parts = {
        "STYLE_HASH": _digest(style),
        "SCRIPT_HASH": _digest(script),
        "STYLE": style,
        "SCRIPT": script,
    }
    pieces = _asset("page.html").split("@")
    # One pass over the template: what is put in is never looked at again.
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def write_page(path: Path) -> None:
    """Write the page; a reader never sees half of it. To a device or a pipe it is written as it is.

    Raises:
        OSError: it cannot be written.
    """
    if path.exists() and not path.is_file():  # a rename would put a file in a device's place
        path.write_text(page(), encoding="utf-8", newline="\n")
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(page(), encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _constants() -> str:
    values: dict[str, object] = {name: getattr(formats, name) for name in _CONSTANTS}
    return (
        f"const FORMATS = Object.freeze({_literal(values)});\n"
        f"const SHARED_PHRASES = {_literal({'en': EN, 'fr': FR})};"
    )


def _literal(value: object) -> str:
    # A script element ends at what looks like its end, also within a string.
    return json.dumps(value, sort_keys=True).replace("<", "\\u003c")


def _asset(name: str) -> str:
    found = resources.files("detente.verify").joinpath("page", name)
    return found.read_text(encoding="utf-8").rstrip("\n")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
