"""Officers of two running nodes at the command line; commands run in the process of the test."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, cast

import pytest
from click.testing import CliRunner
from tests.support.nodes import Net, two_nodes
from tests.support.program import Finished

from detente.cli import main
from detente.cli.session_file import SavedSession, SessionFile
from detente.node.roles import Role

Typed = str | Sequence[str | Callable[[str], str]]

CHIEF = (Role.OFFICER, Role.DUTY_CHIEF)
STAFF: Mapping[str, Mapping[str, Sequence[Role]]] = {
    "a": {"durand": CHIEF, "martin": CHIEF, "root": (Role.ADMIN,)},
    "b": {"nowak": CHIEF},
}


class Typing(io.BufferedIOBase):
    """Somebody who types a line whenever one is asked for, having read what is on the screen."""

    def __init__(self, lines: Iterable[str | Callable[[str], str]]) -> None:
        self._lines = iter(lines)
        self.screen: Callable[[], bytes] = bytes

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        line = next(self._lines, None)
        if line is None:
            return b""
        return f"{line if isinstance(line, str) else line(self.screen().decode())}\n".encode()

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1() if size else b""  # click asks so whether it is bytes


def _called(arguments: Sequence[str], typing: Typing, terminal: bool) -> Finished:
    with CliRunner().isolation(cast(IO[Any], typing)) as (out, err, _):
        typing.screen = out.getvalue
        if terminal:
            for stream in (sys.stdin, sys.stdout):
                stream.isatty = lambda: True  # type: ignore[method-assign]  # for this call
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        code = ended.value.code
        assert isinstance(code, int)
        return Finished(code, out.getvalue().decode(), err.getvalue().decode())


async def called(*arguments: object, typed: Typed = "", terminal: bool = False) -> Finished:
    """Run a command to its end.

    Args:
        arguments: of the program.
        typed: what comes on standard input; a line may depend on what is on the screen then.
        terminal: whether standard input and output are one.
    """
    typing = Typing(typed.splitlines() if isinstance(typed, str) else typed)
    return await asyncio.to_thread(_called, [str(each) for each in arguments], typing, terminal)


class People:
    """Those of both parties."""

    def __init__(self, net: Net, root: Path) -> None:
        self.net = net
        self.root = root
        self._at = {who: party for party, staff in STAFF.items() for who in staff}

    async def log_in(self) -> None:
        """A session for everybody."""
        for who, party in self._at.items():
            node = self.net[party]
            async with await node.login(who) as http:
                token = http.headers["authorization"].removeprefix("Bearer ")
            SessionFile(self.root / who).save(SavedSession(node.url, who, token))

    async def __call__(
        self, who: str, *arguments: object, typed: Typed = "", terminal: bool = False
    ) -> Finished:
        """Whatever it comes to."""
        session = ("--session-file", self.root / who)
        return await called(*arguments, *session, typed=typed, terminal=terminal)

    async def good(self, who: str, *arguments: object, typed: str = "") -> str:
        """What a command prints that has to succeed."""
        done = await self(who, *arguments, typed=typed)
        assert done.code == 0, done
        return done.out

    async def json(self, who: str, *arguments: object) -> Any:
        """The same, as JSON."""
        return json.loads(await self.good(who, *arguments, "--json"))

    async def refused(self, who: str, *arguments: object, typed: str = "") -> str:
        """What a command says that has to fail by what was asked."""
        done = await self(who, *arguments, typed=typed)
        assert done.code == 2, done
        return done.err


@asynccontextmanager
async def people_at(root: Path) -> AsyncIterator[People]:
    """Two nodes with a line that is up, and everybody logged in."""
    async with two_nodes(root, accounts=STAFF) as net:
        await net.up()
        found = People(net, root)
        await found.log_in()
        yield found
