"""Tries the mutants of the verifier: run by `mutants.py` in its work directory, with mutmut.

mutmut's own runner starts pytest anew for every mutant, which takes longer than most tests here.
This one collects the tests once, learns which function each of them meets and how long it takes,
and forks for every mutant: the child runs those tests, the shortest first, until one fails.
"""

from __future__ import annotations

import difflib
import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol

VERIFIER: Final = Path("src/detente/verify")
CHOSEN: Final = "MUTANT_UNDER_TEST"
"""Read by every function that mutmut has put mutants into."""

CONTROL_EVERY: Final = 1000
"""Mutants from one look at the tests without any mutant to the next."""

MEMORY_BYTES: Final = 4 << 30
"""A mistake may well be a loop that keeps all it makes."""


@dataclass
class Mutant:
    """One mistake: `function` is where it is, `source` the hash of that function."""

    name: str
    function: str
    source: str


@dataclass
class Child:
    """A process that tries a mutant on these tests, until a time of the monotonic clock.

    The number of the test that fails can be read from the pipe.
    """

    mutant: Mutant
    items: list[pytest.Item]
    pipe: int
    limit: float


@dataclass
class Runner:
    """A pytest plugin that runs the collected tests on each mutant instead of once."""

    mutants: list[Mutant]
    workers: int
    done: dict[str, bool] = field(default_factory=dict)
    failed: bool = False
    durations: dict[str, float] = field(default_factory=dict)
    tests: dict[str, list[pytest.Item]] = field(default_factory=dict)
    kills: dict[str, Counter[str]] = field(default_factory=dict)
    """How many mutants of a function each test has killed: those are tried first."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn about the tests, then try everything."""
        if session.testsfailed:
            self.failed = True
            return True
        for item in session.items:
            self._learn(item)
        for items in self.tests.values():
            items.sort(key=lambda item: (_is_of_bundles(item), self.durations[item.nodeid]))
        if not self.failed:
            self._try_all(session.items)
        return True

    def _control(self, items: Sequence[pytest.Item]) -> None:
        """Without a mutant, a child must find nothing, or every mutant would count as killed."""
        pid = _fork(Mutant("", "", ""), items, sys.stdout.fileno())
        if os.waitpid(pid, 0)[1]:
            print("\nfails in a child without any mutant")
            self.failed = True

    def _learn(self, item: pytest.Item) -> None:
        stats = importlib.import_module("mutmut.state").state()
        os.environ[CHOSEN] = "stats"
        start = time.monotonic()
        if not _passes(item):
            print(f"\nfails without any mutant: {item.nodeid}")
            self.failed = True
        self.durations[item.nodeid] = time.monotonic() - start
        os.environ[CHOSEN] = ""
        for function in stats._stats:
            self.tests.setdefault(function, []).append(item)
        stats._stats.clear()

    def _try_all(self, items_of_all: Sequence[pytest.Item]) -> None:
        # A collection in a child would copy every page that it shares with this process.
        gc.collect()
        gc.freeze()
        running: dict[int, Child] = {}
        for number, mutant in enumerate(self.mutants):
            while len(running) >= self.workers:
                self._await(running)
            kills = self.kills.setdefault(mutant.function, Counter())
            items = self.tests.get(mutant.function, [])
            items = sorted(items, key=lambda item: -kills[item.nodeid])
            limit = 5 + 5 * sum(self.durations[item.nodeid] for item in items)
            read, write = os.pipe()
            pid = _fork(mutant, items, write)
            os.close(write)
            running[pid] = Child(mutant, items, read, time.monotonic() + limit)
            if number % CONTROL_EVERY == 0:
                self._control(items_of_all)
            if self.failed:
                break
            if number % 100 == 0:
                alive = sum(not killed for killed in self.done.values())
                print(f"{number} of {len(self.mutants)}, {alive} live", file=sys.stderr, flush=True)
        while running:
            self._await(running)
        self._control(items_of_all)

    def _await(self, running: dict[int, Child]) -> None:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                child = running.pop(pid)
                # Whatever ends the process was noticed, and a mutant that hangs is, too.
                self.done[child.mutant.name] = status != 0
                killer = os.read(child.pipe, 20)
                os.close(child.pipe)
                if status and killer:
                    node = child.items[int(killer)].nodeid
                    self.kills[child.mutant.function][node] += 1
                return
            for late, child in running.items():
                if time.monotonic() > child.limit:
                    os.kill(late, signal.SIGKILL)
            time.sleep(0.001)


def _is_of_bundles(item: pytest.Item) -> bool:
    name = item.path.name
    return name == "test_exact_bundles.py" or not name.startswith("test_exact_")


def _passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _fork(mutant: Mutant, items: Sequence[pytest.Item], pipe: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        os.environ[CHOSEN] = mutant.name
        gc.disable()
        failed = next((number for number, item in enumerate(items) if not _passes(item)), None)
        code = 0 if failed is None else 1
        if failed is not None:
            os.write(pipe, b"%d" % failed)
    finally:
        os._exit(code)


def generate(module: str) -> tuple[list[Mutant], dict[str, str]]:
    """Put the mutants of a module into its copy; returns them, and how each differs."""
    path = VERIFIER / f"{module}.py"
    mutate: Any = importlib.import_module("mutmut.mutation.file_mutation").mutate_file_contents
    made = mutate(str(path), path.read_text(encoding="utf-8"))
    path.write_text(made.code, encoding="utf-8")
    lines = made.code.split("\n")

    def source(name: str) -> list[str]:
        span = made.line_span_by_function_name[name]
        return [line.replace(name, "function") for line in lines[span.start - 1 : span.end]]

    mutants: list[Mutant] = []
    differences: dict[str, str] = {}
    for name in made.mutant_names:
        function = name.partition("__mutmut_")[0]
        full = f"detente.verify.{module}.{name}"
        digest = made.hash_by_function_name.get(function, "")
        mutants.append(Mutant(full, f"detente.verify.{module}.{function}", digest))
        differs = difflib.unified_diff(source(f"{function}__mutmut_orig"), source(name), n=2)
        differences[full] = "\n".join(line for line in differs if line[:3] not in ("---", "+++"))
    return mutants, differences


def remembered(
    known: dict[str, dict[str, Any]], mutants: Sequence[Mutant], tests: str
) -> Iterator[tuple[str, bool]]:
    """Earlier verdicts that still hold."""
    for mutant in mutants:
        verdict = known.get(mutant.name)
        if (
            verdict is not None
            and verdict["source"] == mutant.source
            and (verdict["killed"] or tests == verdict["tests"])
        ):
            yield mutant.name, verdict["killed"]


def main() -> int:
    """Try the mutants that the job names; 0 unless it could not be done."""
    job = json.loads(sys.argv[1])
    path = Path(job["verdicts"])
    known = json.loads(path.read_text(encoding="utf-8"))["mutants"] if path.exists() else {}
    mutants: list[Mutant] = []
    differences: dict[str, str] = {}
    for module in job["modules"]:
        made, differ = generate(module)
        never = tuple(f"detente.verify.{name}" for name in job["never"])
        mutants += [mutant for mutant in made if mutant.function not in never]
        differences |= differ
    held = dict(remembered(known, mutants, job["tests"]))
    left = [mutant for mutant in mutants if mutant.name not in held]
    print(f"{len(mutants)} mutants, {len(left)} to try", file=sys.stderr, flush=True)
    sys.path[:0] = ["src", "."]
    runner = Runner(left, job["workers"])
    options = ["-q", "-s", "--tb=native", "--assert=plain", "--import-mode=importlib"]
    # A directory of its own: others' runs clear the usual one.
    options += [
        "--basetemp",
        "tmp",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:cov",
        "tests",
    ]
    if left:
        code = pytest.main(options, plugins=[runner])
        if runner.failed or code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return 1
    verdicts = {
        mutant.name: {
            "source": mutant.source,
            "killed": held.get(mutant.name, False) or runner.done.get(mutant.name, False),
            "tests": job["tests"],
        }
        for mutant in mutants
    }
    modules = set(job["modules"])
    kept = {name: value for name, value in known.items() if name.split(".")[2] not in modules}
    path.write_text(json.dumps({"mutants": kept | verdicts}), encoding="utf-8")
    if job["show"]:
        for name, verdict in verdicts.items():
            if not verdict["killed"]:
                print(f"{name}\n{differences[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
