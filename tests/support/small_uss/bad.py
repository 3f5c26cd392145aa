"""What a bad peer says instead of the truth, and when it dies."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import signal
import uuid
from dataclasses import dataclass
from typing import Any

from .geometry import instant, time_of

Json = dict[str, Any]
LIES = ("volumes", "times", "ovn", "id", "version", "json")
CRASHES = ("before_put", "after_put", "before_notices")
_HOUR_US = 3_600_000_000


@dataclass
class Mode:
    """How it behaves. Nothing set: honest.

    `details` and `notices` are the lie told in answers to U1 and in notifications; `stall_s` is how
    long peers wait for anything; `crash` is where in its next change it kills itself; a `reckless`
    one files whatever it may meet.
    """

    details: str | None = None
    notices: str | None = None
    stall_s: float = 0.0
    crash: str | None = None
    reckless: bool = False

    def die(self, where: str) -> None:
        """Die here, if that was asked for: as if the power had gone."""
        if self.crash == where:
            os.kill(os.getpid(), signal.SIGKILL)

    async def stall(self) -> None:
        """Have somebody wait; no longer than this mode lasts."""
        waited = 0.0
        while waited < self.stall_s:
            await asyncio.sleep(0.05)
            waited += 0.05


def told(intent: Json, lie: str | None) -> bytes:
    """An OperationalIntent as it is told: the truth if there is no lie."""
    if lie == "json":
        return json.dumps(intent).encode()[:-20] + b"..."
    return json.dumps(twisted(intent, lie)).encode()


def twisted(intent: Json, lie: str | None) -> Json:
    """An OperationalIntent with one thing in it wrong."""
    other = copy.deepcopy(intent)
    reference, details = other["reference"], other["details"]
    if lie == "volumes":
        for volume in _volumes(details):
            outline = volume["volume"].get("outline_polygon")
            points = outline["vertices"] if outline else []
            circle = volume["volume"].get("outline_circle")
            for point in [*points, *([circle["center"]] if circle else [])]:
                point["lat"] += 0.02
    elif lie == "times":
        for volume in _volumes(details):
            for end in ("time_start", "time_end"):
                volume[end] = time_of(instant(volume[end]) + 12 * _HOUR_US)
    elif lie == "ovn":
        reference["ovn"] = f"wrong-{uuid.uuid4()}"
    elif lie == "id":
        reference["id"] = str(uuid.uuid4())
    elif lie == "version":
        reference["version"] -= 1
        reference["ovn"] = f"stale-{uuid.uuid4()}"
    return other


def _volumes(details: Json) -> list[Json]:
    return [*details.get("volumes", []), *details.get("off_nominal_volumes", [])]
