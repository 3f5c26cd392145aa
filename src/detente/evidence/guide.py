"""VERIFY.md: the commands with which somebody checks a bundle without us.

The text stands in `verify.md`; here only what differs from bundle to bundle is filled in. A test
runs the commands as they are printed.
"""

from __future__ import annotations

import re
from importlib.resources import files

from .readme import Facts

_PART = re.compile(r"<!-- if (\w+) -->\n(.*?)<!-- end -->\n", re.DOTALL)


def verify_md(facts: Facts, *, rotations: bool) -> str:
    """The commands for this bundle.

    Args:
        rotations: whether keys were replaced along the log.
    """
    singles = facts.outcome.single_items
    present = {
        "singles": bool(singles),
        "bare": not singles,
        "stamps": bool(facts.stamps),
        "unstamped": not facts.stamps,
        "rotations": rotations,
    }
    text = files("detente.evidence").joinpath("verify.md").read_text(encoding="utf-8")
    text = _PART.sub(lambda part: part[2] if present[part[1]] else "", text)
    values = {
        "@AGREEMENT@": facts.agreement_sha256,
        "@STAMPS@": " ".join(map(str, facts.stamps)),
        "@ITEM@": str(singles[-1][1]) if singles else "",
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text
