"""Officers of two running nodes at the command line; commands run in the process of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.support.nodes import Net, two_nodes
from tests.support.program import Finished

from detente.cli import main
from detente.cli.session_file import SavedSession, SessionFile
from detente.node.roles import Role

CHIEF = (Role.OFFICER, Role.DUTY_CHIEF)
STAFF: Mapping[str, Mapping[str, Sequence[Role]]] = {
    "a": {"durand": CHIEF, "martin": CHIEF, "root": (Role.ADMIN,)},
    "b": {"nowak": CHIEF},
}


def _called(arguments: Sequence[str], typed: str) -> Finished:
    with CliRunner().isolation(typed) as (out, err, _):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        code = ended.value.code
        assert isinstance(code, int)
        return Finished(code, out.getvalue().decode(), err.getvalue().decode())


async def called(*arguments: object, typed: str = "") -> Finished:
    """Run a command to its end; `typed` is what comes on standard input."""
    return await asyncio.to_thread(_called, [str(each) for each in arguments], typed)


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

    async def __call__(self, who: str, *arguments: object, typed: str = "") -> Finished:
        """Whatever it comes to."""
        return await called(*arguments, "--session-file", self.root / who, typed=typed)

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
