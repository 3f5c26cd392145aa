"""What the verifier says of whole bundles, to the word: `python -m tests.support.exact_findings`.

Writes `tests/unit/verify/exact_findings.json`, which the tests compare with. Whoever changes a
finding, or whom a report names, writes the file anew and reads the difference before committing it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.support.forge import A_NODE, B_NODE, B_WITNESS, NEUTRAL, Forge, story
from tests.support.forge_mutations import MUTATIONS, erasing, long_story, revoking

from detente.verify import Options, verify_bundle

FILE = Path(__file__).parents[1] / "unit/verify/exact_findings.json"
NOW_S = 1_795_100_000
BY_OTHERS = ("timestamp: no token",)
"""Bundles whose finding is told in the words of a library."""

Good = tuple[Callable[[], bytes], dict[str, Any]]


def _story(**options: Any) -> Callable[[], bytes]:
    return lambda: story(**options).build()


def _built(make: Callable[[], Forge]) -> Callable[[], bytes]:
    return lambda: make().build()


def _withheld() -> bytes:
    forge = story()
    forge.withheld = list(forge.blobs)[:1]
    return forge.build()


def _subset() -> bytes:
    return long_story(300, scope="subset", items=[0, 5, 256, 301], singles=[5, 256]).build()


REPORTS: dict[str, Good] = {
    "story": (_story(), {}),
    "story, a key pinned": (_story(), {"keys": (A_NODE.vkey,)}),
    "story, both keys pinned": (_story(), {"keys": (A_NODE.vkey, B_NODE.vkey)}),
    "story, a strange key pinned": (_story(), {"keys": (NEUTRAL.vkey,)}),
    "story, agreement pinned": (_story(), {"agreement": story().agreement_hash}),
    "story, another agreement pinned": (_story(), {"agreement": "0" * 64}),
    "two witnesses": (_story(neutral=[NEUTRAL], cosigners=[B_WITNESS, NEUTRAL]), {}),
    "a neutral witness": (
        _story(neutral=[NEUTRAL], cosigners=[NEUTRAL], accept_grade="third-party"),
        {"accept": "third-party"},
    ),
    "nobody": (_story(cosigners=[], accept_grade="single"), {"accept": "single"}),
    "nobody, not accepted": (_story(cosigners=[], accept_grade="single"), {}),
    "erased": (_built(erasing), {}),
    "revoked": (lambda: revoking(after=False, before=True).build(), {}),
    "withheld": (_withheld, {}),
    "subset": (_subset, {}),
}


def findings_of(data: bytes) -> list[list[str]]:
    """Code, place, detail and severity of each, sorted."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "bundle.zip"
        path.write_bytes(data)
        report = verify_bundle(path, Options(now_s=NOW_S))
    return sorted([one.code, one.where, one.detail, one.severity] for one in report.findings)


def report_of(name: str) -> Any:
    """A report as JSON, its sentences by key and values instead of in words."""

    def say(key: str, language: str, **values: object) -> str:
        return " ".join([key, language, *(f"{name}={value}" for name, value in values.items())])

    build, chosen = REPORTS[name]
    options = Options(now_s=NOW_S, **chosen)
    with (
        tempfile.TemporaryDirectory() as directory,
        patch("detente.verify.statements.say", say),
    ):
        path = Path(directory) / "bundle.zip"
        path.write_bytes(build())
        report = asdict(verify_bundle(path, options))
    return json.loads(json.dumps(report))


def main() -> None:
    """Write the file."""
    parts = {
        "findings": {
            name: findings_of(build())
            for name, (_, build) in MUTATIONS.items()
            if name not in BY_OTHERS
        },
        "reports": {name: report_of(name) for name in REPORTS},
    }
    FILE.write_text(_text(parts), encoding="utf-8")


def _text(parts: dict[str, dict[str, Any]]) -> str:
    """JSON with one bundle on each line, so that a difference is legible."""
    sections = []
    for part, values in parts.items():
        lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
        sections.append(f'"{part}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


if __name__ == "__main__":
    main()
