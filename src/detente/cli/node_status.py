"""How a node is, for the operator: asked of it while it runs, read from its directory otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from detente.cli.node_client import short_time
from detente.cli.node_settings import home_of
from detente.cli.node_watch_text import status_lines
from detente.errors import one_line
from detente.node.disk import LifeFile, room_at
from detente.node.home import find
from detente.node.opening import open_node_record
from detente.node.operator_access import RunFile
from detente.record import Rebuilt

_TIMEOUT_S: Final = 10.0

Facts = dict[str, Any]


async def ask(directory: Path) -> tuple[Facts | None, int]:
    """What a running node says of itself, and the exit code; None if none runs here.

    Raises:
        RecordDirectoryUnusable: there is no node.
    """
    find(directory)
    running = RunFile(directory).read()
    if running is None:
        return None, 3
    headers = {"authorization": f"Bearer {running.token}"}
    try:
        # The certificate is for the name that browsers use; this is the same machine.
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_S,
            trust_env=False,
            verify=False,  # noqa: S501
        ) as http:
            answer = await http.get(f"{running.api}/api/v1/status", headers=headers)
    except httpx.HTTPError:
        return None, 3
    if answer.status_code != 200:
        return None, 3
    facts: Facts = answer.json()
    if facts.get("boot") != running.boot:
        return None, 3
    good = facts["mode"] == "writing" and all(link["state"] == "up" for link in facts["links"])
    return {"running": True, "pid": running.pid, "api": running.api, **facts}, 0 if good else 1


async def look(directory: Path) -> Facts:
    """What the directory of a node that does not run says.

    Raises:
        DetenteError: it cannot be read.
    """
    home = home_of(directory)
    opened = await open_node_record(home, write=False)
    try:
        record = opened.record
        best = await record.best_checkpoint()
        room = room_at(directory)
        life = LifeFile(directory).read()
        return {
            "running": False,
            "recovery": record.state.name,
            "party": home.party,
            "agreement": record.terms.agreement,
            "agreement_version": record.terms.version,
            "record": {
                "origin": record.origin,
                "size": record.head.size,
                "root": record.head.root.hex(),
                "cosigned": best.size if best is not None and best.cosigners else 0,
                "grade": best.grade if best is not None else "single",
            },
            "disk": {"free": room.free, "total": room.total},
            "last_sign_of_life": None if life is None else life.at.isoformat(),
            "stopped_in_order": None if life is None else life.stopped,
        }
    finally:
        await record.close()


def tell(facts: Facts) -> Iterator[str]:
    """The same for people."""
    record, disk = facts["record"], facts["disk"]
    if facts["running"]:
        why = f": {one_line(facts['why'])}" if facts["why"] else ""
        yield f"node of {facts['party']}, running (pid {facts['pid']}), {facts['mode']}{why}"
        yield f"officers: {facts['api']}"
    else:
        yield f"node of {facts['party']}, not running"
        if facts["recovery"] == "held":
            yield "held: restored from a copy; `detente node run` asks the others before it signs"
        if facts["last_sign_of_life"] is not None:
            how = "in order" if facts["stopped_in_order"] else "without a farewell"
            yield f"stopped {how}; last sign of life {short_time(facts['last_sign_of_life'])}"
    yield f"agreement {facts['agreement']}, version {facts['agreement_version']}"
    yield (
        f"record {record['origin']}: {record['size']} entries, "
        f"{record['cosigned']} of them cosigned ({record['grade']})"
    )
    yield f"disk: {disk['free'] >> 20} MiB free of {disk['total'] >> 20} MiB"
    planning = facts.get("planning")
    if planning is not None:
        open_orders = planning["unsettled"]
        waits = f", {open_orders} orders not settled" if open_orders else ""
        yield (
            f"planning as {one_line(planning['manager'])} at "
            f"{', '.join(planning['exchanges'].values())}: {planning['plans']} plans{waits}"
        )
        if planning.get("unrecorded"):
            yield f"  NOT RECORDED, and lost: {planning['unrecorded']} exchanges of messages"
        if planning["test_mode"]:
            yield f"  FOR TESTS ONLY: {', '.join(planning['test_mode'])}"
    if facts.get("watching") is not None:
        yield from status_lines(facts["watching"], "en")
    for link in facts.get("links", ()):
        heard = (
            f", heard {short_time(link['last_heard'])}" if link["last_heard"] else ", never heard"
        )
        yield f"line to {link['peer']}: {link['state']}{heard}, {link['waiting']} entries waiting"
        for held in link["held"]:
            yield f"  stands still: {held['channel']} at {held['seq']}: {one_line(held['detail'])}"


def rebuilt_lines(found: Rebuilt) -> Iterator[str]:
    """What came of filling a set of tables afresh."""
    rows = sum(found.rows.values())
    if not found.differing:
        yield f"{found.name}: {rows} rows from {found.size} entries, as they should be"
        return
    done = "; put in order" if found.replaced else ""
    yield f"{found.name}: {found.differing} rows differ of {rows}{done}"
    for difference in found.differences:
        yield f"  {one_line(str(difference))}"
