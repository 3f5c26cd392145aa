"""`python -m detente.verify BUNDLE`: for people who have nothing but Python and libsodium."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from detente.formats import GRADES

from .bundle import verify_bundle
from .errors import Unusable
from .facts import AUTOMATIC, Options
from .render import languages_of, reason, to_html, to_json, to_text

EXIT_UNUSABLE = 2


def main(arguments: list[str] | None = None) -> int:
    """Verify a bundle; 0 proven, 1 refused, 2 not usable."""
    parser = argparse.ArgumentParser(
        prog="python -m detente.verify",
        description="Verify an evidence bundle without network, server or database. "
        "Exit code: 0 proven, 1 refused, 2 no bundle or bad usage.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--accept", choices=GRADES, default=GRADES[-1], help="lowest grade that is good enough"
    )
    parser.add_argument("--agreement", metavar="SHA256", help="hash of the agreement you expect")
    parser.add_argument(
        "--key", metavar="VKEY", action="append", default=[], help="a key you expect; repeatable"
    )
    parser.add_argument(
        "--workers", type=int, default=AUTOMATIC, metavar="N", help="processes; 0: as many as help"
    )
    parser.add_argument("--lang", choices=("en", "fr", "both"), default="both")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page")
    chosen = parser.parse_args(arguments)
    options = Options(
        accept=chosen.accept,
        agreement=chosen.agreement,
        keys=tuple(chosen.key),
        workers=chosen.workers,
        now_s=int(time.time()),
    )
    quiet = not sys.stderr.isatty()
    try:
        report = verify_bundle(chosen.bundle, options, None if quiet else _line)
        languages = languages_of(chosen.lang)
        if chosen.html is not None:
            chosen.html.write_text(to_html(report, languages), encoding="utf-8")
    except (Unusable, ValueError, OSError) as error:
        print(f"error: {reason(error)}", file=sys.stderr)
        return EXIT_UNUSABLE
    text = to_json(report) + "\n" if chosen.json else to_text(report, languages)
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.flush()
    return report.exit_code


def _line(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\rverifying: {done} of {total} entries", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
