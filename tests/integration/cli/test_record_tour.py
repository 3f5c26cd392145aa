"""The tour of docs/record.md works as it is printed: every command, every line of its output."""

from __future__ import annotations

import asyncio
import os
import re
from itertools import pairwise
from pathlib import Path

import pytest
from tests.support.forked_shell import forked_program
from tests.support.instance import environment

PAGE = Path(__file__).parents[3] / "docs" / "record.md"
MARK = "=== command {} ==="
TIMEOUT_S = 240.0

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def steps(text: str) -> list[tuple[str, list[str]]]:
    """Each command of the console blocks, with the lines printed below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def matches(printed: list[str], actual: str) -> bool:
    """Whether the output is what is printed; `…` stands for anything, alone for any lines."""
    pattern = "\n".join(
        "(?s:.*?)" if line == "…" else ".*?".join(map(re.escape, line.split("…")))
        for line in printed
    )
    # A line of its own that stands for nothing leaves no line break either.
    pattern = pattern.replace("\n(?s:.*?)", "(?s:.*?)")
    return re.fullmatch(pattern, actual.rstrip("\n")) is not None


async def test_the_tour_works_as_printed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = steps(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 25
    with forked_program(tmp_path_factory.mktemp("forked")) as program:
        script = ["set -eu", f'detente() {{ {program} "$@" 2>&1; }}']
        for number, (command, _) in enumerate(found):
            script += [f"echo '{MARK.format(number)}'", command]
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", "\n".join([*script, f"echo '{MARK.format(len(found))}'"])),
            cwd=tmp_path,
            env=environment(None),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(TIMEOUT_S):
            out, _ = await process.communicate()
    text = out.decode()
    assert process.returncode == 0, text
    ends = [text.index(MARK.format(number)) for number in range(len(found) + 1)]
    for number, (start, end) in enumerate(pairwise(ends)):
        command, printed = found[number]
        actual = text[start + len(MARK.format(number)) + 1 : end]
        assert matches(printed, actual), f"$ {command}\nprinted: {printed}\nactual: {actual}"
    # Nothing is left outside of the directory that the tour makes.
    assert os.listdir(tmp_path) == ["record-tour"]


def test_a_page_that_promises_something_else_is_noticed() -> None:
    assert matches(["a … c"], "a b c\n")
    assert matches(["a", "…"], "a\nb\nc\n")
    assert matches(["a", "…"], "a\n")
    assert not matches(["a"], "b\n")
    assert not matches([], "b\n")
    assert not matches(["a", "c"], "a\nb\nc\n")
