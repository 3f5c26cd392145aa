"""Mutation testing of the verifier: `python -m scripts.mutants [PART…]`.

Each mutant is a copy of the verifier with one small mistake. A mistake that no test notices is a
hole in the tests; fewer than the demanded share of killed mutants fails.

mutmut makes the mutants, `mutant_runner.py` tries them: it imports the tests once and forks for
each mutant. Those of single functions (`tests/unit/verify/test_exact_*`) come first, whole bundles
only if they noticed nothing. A killed mutant is remembered until its function changes, a living
one until a test does; `--fresh` forgets them. PART narrows a run to modules, `--exact` to the
tests of single functions, `--show` prints the living as diffs:
`python -m scripts.mutants --exact --show tree notes`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
WORK: Final = ROOT / ".cache" / "mutants"
ENVIRONMENT: Final = ROOT / ".tools" / "mutants"
VERIFIER: Final = Path("src/detente/verify")
VERDICTS: Final = WORK / "verdicts.json"
DEMANDED: Final = 0.90

# What is said to people is judged by people: sentences, pages, the command line, progress.
NOT_MUTATED: Final = ("__init__", "__main__", "page", "phrases", "render")

# Lines, in the other modules, whose mutants no test should be asked to notice.
NOT_MUTATED_LINES: Final = (
    # Whether a sentence is said is logic; its words and the values in them are for people.
    r"\b(say|both|_named)\(",
    # How many processes help is a matter of speed.
    r"os\.cpu_count\(\)",
)

# Functions that put values into sentences, or choose among them by language.
NOT_MUTATED_FUNCTIONS: Final = (
    "statements.x_name_of",
    "statements.xǁ_Namesǁ__init__",
    "statements.xǁ_Namesǁ__call__",
    "statements.x_both",
    "statements.x__named",
    "statements.x_posix_time",
    "statements.x__texts",
    "statements.x__clocks",
)

CONFIGURATION: Final = """\
[tool.mutmut]
source_paths = ["src"]
track_dependencies = false
do_not_mutate_patterns = [{lines}]

[tool.pytest.ini_options]
pythonpath = ["src", "."]
tmp_path_retention_policy = "none"
markers = ["slow: takes more than about ten seconds", "browser: needs Chromium"]
"""


def main() -> int:
    """Run it. Exit code 1 when too many mutants live, 2 when it could not be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="modules of detente.verify; all by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--exact", action="store_true", help="only the tests of single functions")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs have found")
    parser.add_argument("--show", action="store_true", help="print the living mutants as diffs")
    options = parser.parse_args()
    if subprocess.run(
        [ROOT / ".tools/bin/uv", "sync", "--quiet", "--group", "mutants"],
        check=False,
        cwd=ROOT,
        env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT)},
    ).returncode:
        return 2
    if options.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    modules = [path.stem for path in sorted((ROOT / VERIFIER).glob("*.py"))]
    wanted = [name for name in options.parts or modules if name not in NOT_MUTATED]
    tests = lay_out("test_exact_*.py" if options.exact else "test_*.py")
    job = {
        "modules": wanted,
        "never": NOT_MUTATED_FUNCTIONS,
        "workers": options.workers,
        "tests": tests,
        "verdicts": str(VERDICTS),
        "show": options.show,
    }
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    runner = str(ROOT / "scripts/mutant_runner.py")
    command = [str(ENVIRONMENT / "bin/python"), runner, json.dumps(job)]
    if subprocess.run(command, check=False, cwd=WORK, env=environment).returncode:
        return 2
    return report(wanted)


def lay_out(pattern: str) -> str:
    """Copy the verifier and its tests; returns a hash of the tests."""
    for place in ("src", "tests", "docs"):
        shutil.rmtree(WORK / place, ignore_errors=True)
    package = WORK / "src" / "detente"
    package.mkdir(parents=True)
    for name in ("__init__.py", "formats.py"):
        shutil.copy2(ROOT / "src/detente" / name, package / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / VERIFIER, package / "verify", ignore=ignored)
    shutil.copytree(ROOT / "docs", WORK / "docs", ignore=ignored)
    chosen = [ROOT / "tests/conftest.py", ROOT / "tests/unit/verify/conftest.py"]
    chosen += sorted((ROOT / "tests/support").glob("*.py"))
    chosen += sorted((ROOT / "tests/unit/verify").glob(pattern))
    chosen += sorted((ROOT / "tests/unit/verify").glob("*.json"))
    digest = hashlib.sha256()
    for source in chosen:
        target = WORK / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        digest.update(source.name.encode() + source.read_bytes())
    (WORK / "pyproject.toml").write_text(
        CONFIGURATION.format(lines=_listed(NOT_MUTATED_LINES)), encoding="utf-8"
    )
    return digest.hexdigest()


def report(modules: list[str]) -> int:
    """Print the share of killed mutants of each module, and the living ones."""
    counts = {module: Counter[str]() for module in modules}
    for name, verdict in json.loads(VERDICTS.read_text(encoding="utf-8"))["mutants"].items():
        module = name.split(".")[2]
        if module in counts:
            counts[module]["killed" if verdict["killed"] else "lives"] += 1
            if not verdict["killed"]:
                print(f"lives: {name}")
    total: Counter[str] = Counter()
    for module, found in counts.items():
        if found:
            total += found
            print(_line(module, found))
    print(_line("all", total))
    return 0 if total and _share(total) >= DEMANDED else 1


def _share(counts: Counter[str]) -> float:
    return counts["killed"] / counts.total() if counts else 0.0


def _line(name: str, counts: Counter[str]) -> str:
    return f"{name:14} {counts['killed']:5} of {counts.total():5} killed  {_share(counts):6.1%}"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(json.dumps(value) for value in values)


if __name__ == "__main__":
    sys.exit(main())
