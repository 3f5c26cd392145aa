"""Quotas by caller and kind of traffic, so that what is urgent never waits for what is much.

Each endpoint belongs to a lane. In each lane each caller has a bucket of requests, a bucket of
bytes, and places for requests at work. Some of these places are the caller's own in that lane and
are there whatever happens elsewhere; the rest are taken from those that all share.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from detente.http.errors import Overloaded, RateLimited


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneQuota:
    """What one caller may do in one lane.

    `requests_per_s` and `request_burst`, and `bytes_per_s` and `byte_burst`, make token buckets
    (None: no limit). A body larger than what the bucket holds is taken if the bucket is not empty,
    and has to be paid off before the next. `reserved` requests of each caller are worked on even
    when all shared places are taken; `most` is how many of one caller are worked on at one time.
    """

    name: str
    requests_per_s: float | None = None
    request_burst: int = 100
    bytes_per_s: float | None = None
    byte_burst: int = 8 * 1024 * 1024
    reserved: int = 0
    most: int = 64


class Lanes:
    """The quotas of one application; give it to `build_app`, and name lanes in endpoints.

    At most `max_callers` are remembered in each lane; the idlest that has nothing at work goes
    first, as in `Limits.max_rate_clients`. `shared` is the number of places that belong to nobody.
    Reserved places are meant for callers that are known by name: there is no bound on their sum but
    the number of those who can authenticate.
    """

    def __init__(
        self, lanes: Sequence[LaneQuota], *, shared: int = 256, max_callers: int = 10_000
    ) -> None:
        self._lanes = {lane.name: lane for lane in lanes}
        if len(self._lanes) != len(lanes):
            msg = "two lanes of one name"
            raise ValueError(msg)
        for lane in lanes:
            _check(lane)
        if shared < 0 or max_callers < 1:
            msg = "shared must not be negative, max_callers at least 1"
            raise ValueError(msg)
        self._shared = shared
        self._shared_taken = 0
        self._max_callers = max_callers
        self._callers: dict[str, OrderedDict[str, _Account]] = {
            name: OrderedDict() for name in self._lanes
        }

    def __contains__(self, name: str) -> bool:
        return name in self._lanes

    def in_flight(self, lane: str) -> int:
        """Requests at work in a lane."""
        return sum(account.in_flight for account in self._callers[lane].values())

    def charge(self, lane: str, caller: str, declared_bytes: int, now_s: float) -> None:
        """Pay for one request, before its body is read.

        Args:
            lane, caller: whose quota.
            declared_bytes: Content-Length, or -1; see `charge_bytes`.
            now_s: monotonic time.

        Raises:
            RateLimited: the quota of requests or bytes is used up; nothing was taken.
        """
        rule, account = self._account(lane, caller, now_s)
        account.refill(rule, now_s)
        if rule.requests_per_s is not None and account.requests < 1.0:
            raise RateLimited(
                f"More than {rule.requests_per_s:g} requests a second in the lane {lane}.",
                retry_after_s=ceil((1.0 - account.requests) / rule.requests_per_s),
            )
        if rule.bytes_per_s is not None and account.bytes <= 0.0 and declared_bytes != 0:
            raise RateLimited(
                f"More than {rule.bytes_per_s:g} bytes a second in the lane {lane}.",
                retry_after_s=ceil((1.0 - account.bytes) / rule.bytes_per_s),
            )
        account.requests -= 1.0
        account.bytes -= max(0, declared_bytes)

    def charge_bytes(self, lane: str, caller: str, size: int, now_s: float) -> None:
        """Pay for a body whose size was not declared, after it was read."""
        _, account = self._account(lane, caller, now_s)
        account.bytes -= size

    def enter(self, lane: str, caller: str, now_s: float) -> bool:
        """Take a place for a request at work, to be given back by `leave` with what is returned.

        Raises:
            RateLimited: this caller has as many at work as it may.
            Overloaded: its own places and the shared ones are taken.
        """
        rule, account = self._account(lane, caller, now_s)
        if account.in_flight >= rule.most:
            raise RateLimited(
                f"{account.in_flight} requests of this caller are in work in the lane {lane}.",
                retry_after_s=1,
            )
        own = account.own < rule.reserved
        if own:
            account.own += 1
        elif self._shared_taken < self._shared:
            self._shared_taken += 1
        else:
            raise Overloaded("Too many requests are in work; try again in a moment.")
        account.in_flight += 1
        return own

    def leave(self, lane: str, caller: str, own: bool) -> None:
        """Give a place back."""
        account = self._callers[lane][caller]
        account.in_flight -= 1
        if own:
            account.own -= 1
        else:
            self._shared_taken -= 1

    def _account(self, lane: str, caller: str, now_s: float) -> tuple[LaneQuota, _Account]:
        rule, callers = self._lanes[lane], self._callers[lane]
        account = callers.get(caller)
        if account is None:
            if len(callers) >= self._max_callers:
                idlest = next((name for name, a in callers.items() if not a.in_flight), None)
                if idlest is None:
                    raise Overloaded("Too many callers are at work; try again in a moment.")
                del callers[idlest]
            account = callers[caller] = _Account(rule, now_s)
        else:
            callers.move_to_end(caller)
        return rule, account


class _Account:
    __slots__ = ("bytes", "in_flight", "own", "requests", "since_s")

    def __init__(self, rule: LaneQuota, now_s: float) -> None:
        self.requests = float(rule.request_burst)
        self.bytes = float(rule.byte_burst)
        self.since_s = now_s
        self.in_flight = 0
        self.own = 0

    def refill(self, rule: LaneQuota, now_s: float) -> None:
        passed_s = max(0.0, now_s - self.since_s)
        self.since_s = now_s
        self.requests = min(
            float(rule.request_burst), self.requests + passed_s * (rule.requests_per_s or 0.0)
        )
        self.bytes = min(float(rule.byte_burst), self.bytes + passed_s * (rule.bytes_per_s or 0.0))


def _check(lane: LaneQuota) -> None:
    rates = [rate for rate in (lane.requests_per_s, lane.bytes_per_s) if rate is not None]
    sizes = (lane.request_burst, lane.byte_burst, lane.most)
    if any(rate <= 0 for rate in rates) or min(sizes) < 1 or not 0 <= lane.reserved <= lane.most:
        msg = f"lane {lane.name}: rates and bursts must be positive, reserved at most `most`"
        raise ValueError(msg)


def network_of(address: str) -> str:
    """What stands for a client without a name: its IPv4 address, or the /64 of its IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
