"""Mutation testing of the verifier: `python -m scripts.mutants [PART…]`.

Each mutant is a copy of the verifier with one small mistake. A mistake that no test notices is a
hole in the tests; fewer than the demanded share of killed mutants fails. Works in a directory of
its own with an environment of its own; what was tried is remembered there, so that a second run
only tries what has changed. PART narrows it to modules: `python -m scripts.mutants tree notes`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
WORK: Final = ROOT / ".cache" / "mutants"
ENVIRONMENT: Final = ROOT / ".tools" / "mutants"
DEMANDED: Final = 0.90

# What is said to people is judged by people: sentences, pages, the command line, progress.
NOT_MUTATED: Final = ("__init__", "__main__", "page", "text", "words", "render", "html", "plain")

COPIED: Final = ("tests/support", "tests/unit/verify", "tests/conftest.py")
CONFIGURATION: Final = """\
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{only}]
do_not_mutate = [{never}]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider", "--import-mode=importlib"]
pytest_add_cli_args_test_selection = ["tests/unit/verify"]
use_git_change_detection = false
timeout_constant = 5.0

[tool.pytest.ini_options]
pythonpath = ["src", "."]
markers = ["slow: takes more than about ten seconds", "browser: needs Chromium"]
"""


def main() -> int:
    """Run it. Exit code 1 when too many mutants live, 2 when it could not be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="modules of detente.verify; all by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if subprocess.run(
        [ROOT / ".tools/bin/uv", "sync", "--quiet", "--group", "mutants"],
        check=False,
        cwd=ROOT,
        env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT)},
    ).returncode:
        return 2
    lay_out(options.parts)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    mutmut = str(ENVIRONMENT / "bin/mutmut")
    command = [mutmut, "run", "--max-children", str(options.workers)]
    if subprocess.run(command, check=False, cwd=WORK, env=environment).returncode:
        return 2
    return report()


def lay_out(parts: list[str]) -> None:
    """Copy the verifier and its tests, keeping what earlier runs have found."""
    package = WORK / "src" / "detente"
    for directory in (package, WORK / "tests"):
        shutil.rmtree(directory, ignore_errors=True)
    package.mkdir(parents=True)
    for name in ("__init__.py", "formats.py"):
        shutil.copy2(ROOT / "src/detente" / name, package / name)
    shutil.copytree(
        ROOT / "src/detente/verify",
        package / "verify",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for place in COPIED:
        source, target = ROOT / place, WORK / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target)
    verify = "src/detente/verify/"
    only = [f"{verify}{part}.py" for part in parts] or [f"{verify}*.py"]
    never = [f"{verify}{name}.py" for name in NOT_MUTATED] + [f"{verify}page/*"]
    (WORK / "pyproject.toml").write_text(
        CONFIGURATION.format(only=_listed(only), never=_listed(never)), encoding="utf-8"
    )


def report() -> int:
    """Print the share of killed mutants of each module, and the living ones."""
    outcomes: dict[str, Counter[str]] = {}
    living: list[str] = []
    for meta in sorted((WORK / "mutants/src/detente/verify").rglob("*.meta")):
        module = meta.name.removesuffix(".py.meta")
        for name, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            outcome = _outcome(code)
            outcomes.setdefault(module, Counter())[outcome] += 1
            if outcome == "lives":
                living.append(str(name))
    for name in living:
        print(f"lives: {name}")
    print(f"(mutmut show NAME in {WORK.relative_to(ROOT)} shows one)\n" if living else "")
    total: Counter[str] = Counter()
    for module, counts in outcomes.items():
        total += counts
        print(_line(module, counts))
    print(_line("all", total))
    return 0 if total and _share(total) >= DEMANDED else 1


def _outcome(code: int | None) -> str:
    """What pytest's exit code says of a mutant; one that hangs was noticed, too."""
    if code in (0, 33, None):  # passed; no test meets it; not tried
        return "lives"
    return "killed"


def _share(counts: Counter[str]) -> float:
    return counts["killed"] / counts.total()


def _line(name: str, counts: Counter[str]) -> str:
    return f"{name:14} {counts['killed']:5} of {counts.total():5} killed  {_share(counts):6.1%}"


def _listed(values: list[str]) -> str:
    return ", ".join(json.dumps(value) for value in values)


if __name__ == "__main__":
    sys.exit(main())
