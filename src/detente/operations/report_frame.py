"""What all pages of this program have in common, and how a page is put together.

Everything is inside the file: it opens from a disk, years later, without a network. Its
Content-Security-Policy allows the one script and the one style by their hashes and nothing from
anywhere. Names and ids come from strangers: they are embedded as JSON in which `<`, `>` and `&` are
escaped, and the script puts them into the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from detente.words import Words, bilingual

_BEFORE: Final = ("phrases.js",)
_SHARED: Final = ("language.js", "geometry.js", "drawing.js", "frame.js", "map.js")


def framed(
    title: Words,
    body: str,
    data: object,
    *,
    scripts: Sequence[str] = (),
    phrases: Sequence[str] = (),
    styles: Sequence[str] = (),
    switches: str = "",
) -> str:
    """A page as HTML: the head, the heading and the switches that all have, around its own part.

    Args:
        title: of the page, until its script says it in the reader's language.
        body: its own part, as HTML; `@MAP@` in it is where the map is.
        data: what its script shows, as JSON.
        scripts: its own scripts, as text; they come after the shared ones.
        phrases: scripts with what it says, or says otherwise; they come before them.
        styles: its own style sheets, as text.
        switches: HTML for the heading.
    """
    script = "\n".join(
        ('"use strict";', *map(asset, _BEFORE), *phrases, *map(asset, _SHARED), *scripts)
    )
    style = "".join((asset("frame.css"), *styles))
    parts = {
        "TITLE": html.escape(title.en),
        "STYLE_HASH": script_digest(style),
        "SCRIPT_HASH": script_digest(script),
        "STYLE": style,
        "SCRIPT": script,
        "SWITCHES": switches,
        "BODY": _filled(body, {"MAP": asset("map.html")}),
        "DATA": embed_json(data),
    }
    return _filled(asset("frame.html"), parts)


def write_whole(path: Path, text: str) -> None:
    """Write a file; a reader never sees half of it.

    Raises:
        OSError: when it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def both(text: str | Words) -> dict[str, str]:
    """A text for a page's data: its script takes that of the reader's language."""
    words = bilingual(text)
    return {"en": words.en, "fr": words.fr}


def embed_json(value: object) -> str:
    """JSON that may stand inside a script element whatever strings it holds."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def asset(name: str) -> str:
    """A file of the pages', as text."""
    folder = resources.files("detente.operations").joinpath("report_page")
    return folder.joinpath(name).read_text("utf-8")


def script_digest(text: str) -> str:
    """What a Content-Security-Policy allows a script or style by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _filled(template: str, parts: Mapping[str, Any]) -> str:
    """One pass over the template: what is put in is never looked at again."""
    pieces = template.split("@")
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))
