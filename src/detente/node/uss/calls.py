"""Carries out what the planning core asks for: one exchange of messages each, recorded.

Nothing is repeated here and nothing is decided: an error of the other side is an answer like any
other (`detente.planning.actions`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from detente.errors import DetenteError
from detente.f3548 import (
    AirspaceConflict,
    DssClient,
    Exchanged,
    PeerNonsense,
    PeerRefused,
    PeerUnreachable,
    TokenSource,
    UssClient,
    vertices_of,
    volume_on_wire,
)
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548.calling import Http, Seen
from detente.planning import (
    Answer,
    Conflicted,
    DeleteIntent,
    Details,
    Errand,
    ExchangeArea,
    ExchangeSeen,
    FetchConstraint,
    FetchIntent,
    GetIntent,
    Heard,
    MessageSignature,
    NoAnswer,
    Nonsense,
    PutIntent,
    QueryConstraints,
    QueryIntents,
    Refused,
    State,
    ToldWrong,
    headers_of,
)
from detente.planning.told import details_of

from .aside import AT_ONCE_MAX

_CONFLICT: Final = 409

CheckSignature = Callable[[Exchanged, str], MessageSignature | None]
"""The signature on an answer of a manager, if it is a good one of its party's."""


class KeepsExchanges(Protocol):
    """What is told of exchanges of messages: `Recorder`."""

    def exchange(self, seen: ExchangeSeen, identity: str | None = None) -> str:
        """Record one with the next batch; gives its entry's id at once."""


def unsigned(exchanged: Exchanged, manager: str) -> None:
    """No signature is looked for."""


async def _read_aside(told: wire.OperationalIntent) -> Details | None:
    """The details of an intent of many vertices, read in a thread; None: there are few.

    Raises:
        ToldWrong: they cannot be used.
    """
    volumes = [*told.details.volumes, *told.details.off_nominal_volumes]
    if vertices_of(volumes) <= AT_ONCE_MAX:
        return None  # the attempt reads them itself
    return await asyncio.to_thread(details_of, told.details, State(told.reference.state))


@dataclass(slots=True)
class _Sight:
    """What an exchange of messages left behind."""

    source: str = ""
    signed_by: str = ""


class Calls:
    """The way from this node to exchanges and to other USSs."""

    def __init__(
        self,
        *,
        http: Http,
        tokens: TokenSource,
        exchanges: Mapping[str, ExchangeArea],
        recorder: KeepsExchanges,
        exchange_timeout_s: float,
        peer_timeout_s: float,
        check: CheckSignature = unsigned,
    ) -> None:
        """Args:
        http: carries the requests (`reaching.CheckedTransport`).
        tokens: for all of them.
        exchanges: by name.
        recorder: is told of every exchange of messages.
        exchange_timeout_s, peer_timeout_s: for the whole of an answer.
        check: looks at signatures on answers.
        """
        self._http = http
        self._tokens = tokens
        self._exchanges = exchanges
        self._recorder = recorder
        self._exchange_timeout_s = exchange_timeout_s
        self._peer_timeout_s = peer_timeout_s
        self._check = check

    async def carry_out(self, errand: Errand, about: str = "") -> Heard:
        """Do what is asked, and tell what came of it.

        Args:
            errand: one.
            about: id of the intent on whose behalf.
        """
        sight = _Sight()
        details = None
        try:
            answer = await self._ask(errand, about, sight)
            if isinstance(answer, wire.GetOperationalIntentDetailsResponse):
                details = await _read_aside(answer.operational_intent)
        except AirspaceConflict as error:
            answer = Conflicted(tuple(error.intents), tuple(error.constraints), error.message)
        except PeerRefused as error:
            if error.status == _CONFLICT and isinstance(errand, PutIntent):
                answer = Conflicted(message=error.message)
            else:
                answer = Refused(error.status, error.message)
        except PeerUnreachable as error:
            answer = NoAnswer(error.message, sent=error.sent)
        except PeerNonsense as error:
            answer = Nonsense(error.message)
        except ToldWrong as error:
            answer = Nonsense(f"{error.where}: {error.message}")
        except DetenteError as error:  # no token: nothing was sent
            answer = NoAnswer(str(error), sent=False)
        return Heard(answer, sight.source, sight.signed_by, details)

    async def _ask(self, errand: Errand, about: str, sight: _Sight) -> Answer:
        if isinstance(errand, FetchIntent):
            of = errand.reference
            peer = self._uss(of.uss_base_url, of.manager, about, sight)
            found = await peer.operational_intent(of.id)
            return wire.GetOperationalIntentDetailsResponse(found)
        if isinstance(errand, FetchConstraint):
            whose = errand.reference
            peer = self._uss(whose.uss_base_url, whose.manager, about, sight)
            return uss.GetConstraintDetailsResponse(await peer.constraint(whose.id))
        exchange = self.exchange(errand.exchange, about, sight)
        if isinstance(errand, QueryIntents):
            area = volume_on_wire(errand.area)
            intents = await exchange.query_operational_intents(area, errand.scope)
            return wire.QueryOperationalIntentReferenceResponse(intents)
        if isinstance(errand, QueryConstraints):
            area = volume_on_wire(errand.area)
            constraints = await exchange.query_constraints(area, errand.scope)
            return wire.QueryConstraintReferencesResponse(constraints)
        if isinstance(errand, GetIntent):
            reference = await exchange.operational_intent(errand.id, errand.scope)
            return wire.GetOperationalIntentReferenceResponse(reference)
        if isinstance(errand, PutIntent):
            return await exchange.put_operational_intent(
                errand.id, errand.parameters, errand.ovn or None, errand.scope
            )
        if isinstance(errand, DeleteIntent):
            return await exchange.delete_operational_intent(errand.id, errand.ovn, errand.scope)
        assert_never(errand)

    # --- clients -----------------------------------------------------------------------------

    def exchange(self, name: str, about: str = "", sight: _Sight | None = None) -> DssClient:
        """A client of an exchange; what passes is recorded.

        Args:
            name: ours for it.
            about: id of the entity on whose behalf.
            sight: is told where it is recorded.
        """
        return DssClient(
            self._exchanges[name].url,
            self._tokens,
            self._http,
            self._exchange_timeout_s,
            self._seen(name, about, sight or _Sight()),
        )

    def uss(self, base_url: str, manager: str = "", about: str = "") -> UssClient:
        """A client of another USS; what passes is recorded.

        Args:
            base_url: as it registered.
            manager: its name at the exchanges, if that is known.
            about: id of the entity on whose behalf.
        """
        return self._uss(base_url, manager, about, _Sight())

    def _uss(self, base_url: str, manager: str, about: str, sight: _Sight) -> UssClient:
        seen = self._seen(manager, about, sight, manager)
        return UssClient(base_url, self._tokens, self._http, self._peer_timeout_s, seen)

    def _seen(self, party: str, about: str, sight: _Sight, manager: str = "") -> Seen:
        def see(exchanged: Exchanged) -> None:
            signature = self._check(exchanged, manager) if manager else None
            sight.signed_by = "" if signature is None else signature.key
            sight.source = self._recorder.exchange(
                ExchangeSeen(
                    url=exchanged.url,
                    method=exchanged.method,
                    role="Client",
                    request_time_us=exchanged.request_time_us,
                    response_time_us=exchanged.response_time_us,
                    request_headers=headers_of(exchanged.request_headers),
                    request_body=exchanged.request_body,
                    response_code=exchanged.response_code,
                    response_body=exchanged.response_body,
                    problem=exchanged.problem,
                    party=party,
                    about=(about,) if about else (),
                    signature=signature,
                )
            )

        return see
