"""A node's USS, put together: what plans, what other USSs call, what officers use."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from detente.errors import DetenteError
from detente.geo import warm_up
from detente.http import (
    AddressPolicy,
    Application,
    ConnectTo,
    Endpoint,
    JwksSource,
    Limits,
    Observer,
    ServerOptions,
    TokenAuthenticator,
    TokenRules,
    build_app,
    load_pem_key,
)
from detente.node.approvals import Approvals
from detente.node.context import NodeContext
from detente.node.feed import Feed
from detente.node.pauses import collect_only_what_is_new
from detente.node.planning_rules import manager_of_party, planning_rules, uss_hosts
from detente.node.status import PlanningStatus
from detente.planning import Book, ExchangeArea, Neighbourhood
from detente.planning.conformance import ConformanceRules
from detente.planning.constraints import ConstraintRules
from detente.record import Signer

from .answer_keys import AnswerKeys
from .area_asked import stated_ground
from .areas import exchange_areas
from .calls import Calls
from .conformance_watch import ConformanceWatch
from .constraint_parts import ConstraintParts
from .constraints import ConstraintDesk
from .endpoints import PEERS_STATUSES, officers_endpoints, peers_endpoints
from .log_sets import LogSets
from .notifier import Notifier
from .operators import Operators
from .planner import Planner, PlannerParts
from .quotas import uss_lanes
from .reaching import CheckedTransport
from .recorder import Recorder
from .settings import PlanSettings
from .settling import Settling
from .tidying import Tidying
from .tokens import token_source
from .ways import WaysOut
from .witnessed import NamedCallers, WitnessedApp

Work = Callable[[], Coroutine[Any, Any, None]]

BODY_BYTES_MAX: Final = 4 << 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger("detente.node.uss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uss:
    """The USS of a running node.

    Attributes:
        context: of the node.
        feed: tells officers what happens.
        exchanges: all that plans are filed at.
        manager: who we are at the exchanges.
        book: what the node knows of its own planning.
        recorder: writes what planning does.
        known: what is known of others.
        calls: the way to exchanges and other USSs.
        planner: carries out what operators want.
        settling: brings orders to an end that were left open.
        operators: tells ours what happens.
        authenticator: knows who calls the listener for other USSs.
        jwks: fetches the keys of tokens; None if they are in files.
        notifier: tells other USSs of changes.
        ways: finds ways out of refusals.
        log_sets: what is exported for investigators.
        conformance: watches whether aircraft are where they should be.
        constraints: manages constraints of ours, and knows others'.
    """

    context: NodeContext
    feed: Feed
    exchanges: tuple[ExchangeArea, ...]
    manager: str
    book: Book
    recorder: Recorder
    known: Neighbourhood
    calls: Calls
    planner: Planner
    settling: Settling
    operators: Operators
    authenticator: TokenAuthenticator
    jwks: JwksSource | None
    notifier: Notifier
    ways: WaysOut
    log_sets: LogSets
    conformance: ConformanceWatch
    constraints: ConstraintDesk

    @property
    def settings(self) -> PlanSettings:
        """Of this start."""
        return self.context.settings

    def now_us(self) -> int:
        """The node's clock: microseconds since 1970."""
        return _us(self.context.clock())

    @classmethod
    @asynccontextmanager
    async def open(
        cls, context: NodeContext, feed: Feed, approvals: Approvals
    ) -> AsyncIterator[Uss]:
        """The USS of a node whose settings plan, until the context is left.

        Args:
            context: of the node.
            feed: tells officers what happens.
            approvals: the second person, where one is needed.

        Raises:
            AreaUnusable, BadKey, TokenCommandFailed, TokenUnavailable: a file of the settings
                cannot be used.
            LogUnavailable: the record cannot be read.
        """
        settings, agreement = context.settings, context.agreement
        exchanges = exchange_areas(settings)
        manager = settings.manager or manager_of_party(agreement(), context.party)

        def now_us() -> int:
            return _us(context.clock())

        book = Book(context.record.blobs.read)
        recorder = Recorder(context, book)
        await recorder.load()
        transport = _transport(context, exchanges)
        async with httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(None, connect=3.0, pool=5.0),
            follow_redirects=False,
            trust_env=False,
        ) as http:
            calls = Calls(
                http=transport,
                tokens=token_source(settings, manager, http, time.time),
                exchanges={each.name: each for each in exchanges},
                recorder=recorder,
                exchange_timeout_s=settings.exchange_timeout,
                peer_timeout_s=settings.peer_timeout,
                check=AnswerKeys(context.record, context.clock).check,
            )
            operators = Operators(feed, recorder, now_us)
            recorder.told = operators.told
            own = [each.base_url for each in exchanges]
            notifier = Notifier(calls, own, now_us, operators.delivered)
            known = Neighbourhood()
            desk = ConstraintDesk(
                ConstraintParts(
                    book=book,
                    record=context.record,
                    recorder=recorder,
                    calls=calls,
                    known=known,
                    notifier=notifier,
                    operators=operators,
                    exchanges=exchanges,
                    rules=ConstraintRules(),
                    manager=manager,
                    now_us=now_us,
                    new_id=_new_id,
                )
            )
            desk.late_us = round(settings.settle_after * 1e6)
            await desk.load()
            planner = Planner(
                PlannerParts(
                    book=book,
                    recorder=recorder,
                    calls=calls,
                    known=known,
                    notifier=notifier,
                    operators=operators,
                    exchanges=exchanges,
                    rules=lambda: planning_rules(agreement()),
                    manager=manager,
                    constraints=settings.process_constraints,
                    now_us=now_us,
                    new_id=_new_id,
                    late_us=round(settings.settle_after * 1e6),
                    own_constraint=desk.own,
                    planned=desk.watch.planned,
                )
            )
            authenticator, jwks = _authenticator(settings)
            uss = cls(
                context=context,
                feed=feed,
                exchanges=exchanges,
                manager=manager,
                book=book,
                recorder=recorder,
                known=known,
                calls=calls,
                planner=planner,
                settling=Settling(planner),
                operators=operators,
                authenticator=authenticator,
                jwks=jwks,
                notifier=notifier,
                ways=WaysOut(planner, settings),
                log_sets=LogSets(context, recorder, approvals),
                conformance=ConformanceWatch(
                    context, book, recorder, planner, _conformance_rules(settings)
                ),
                constraints=desk,
            )
            if settings.test_mode:
                _log.warning("for tests only: %s", ", ".join(settings.test_mode))
            try:
                yield uss
            finally:
                await uss.conformance.idle()
                await planner.close()
                await desk.close()
                await notifier.close()
                with suppress(DetenteError):  # what the record does not take now is lost
                    await recorder.flush()

    # --- what the node runs ------------------------------------------------------------------

    def tasks(self, *, writing: bool) -> Mapping[str, Work]:
        """Work to be done as long as the node runs, by name.

        Args:
            writing: whether the record takes anything now.
        """
        found: dict[str, Work] = {"geometry": _warm_up, "collector": collect_only_what_is_new}
        if self.jwks is not None:
            found["keys of tokens"] = self.jwks.run
        if writing:
            found["orders left open"] = self.settling.run
            found["where aircraft are"] = self.conformance.run
            found["constraints left open"] = self.constraints.run
            found["plans that are over"] = Tidying(self.book, self.known, self.now_us).run
        return found

    def endpoints_officers(self) -> list[Endpoint]:
        """What the officers' interface offers besides."""
        return officers_endpoints(self)

    def app(self, observer: Observer, signer: Callable[[], Signer]) -> Application:
        """What other USSs call: every exchange of messages is recorded, our answers are signed.

        Args:
            observer: is told of requests.
            signer: the key by which the others know our node now; asked for each answer.
        """
        bases = {each.name: each.base_url for each in self.exchanges}
        settings = self.settings
        testing = settings.test_interfaces
        ground = stated_ground(settings.ground, settings.geoid) if testing else None
        answering = build_app(
            peers_endpoints(self, bases, test_interfaces=testing, ground=ground),
            authenticator=NamedCallers(self.authenticator),
            limits=Limits(max_body_bytes=BODY_BYTES_MAX, handler_timeout_s=60.0),
            observer=observer,
            statuses=PEERS_STATUSES,
            lanes=uss_lanes(settings.uss_requests_per_s),
        )
        witnessed = WitnessedApp(
            answering,
            self.recorder,
            signer,
            self.context.clock,
            quiet=("/flight_planning", "/versioning"),
        )
        return build_app([], fallback=witnessed)

    def status(self) -> PlanningStatus:
        """How planning is."""
        settings = self.settings
        return PlanningStatus(
            manager=self.manager,
            base_url=settings.base_url or "",
            exchanges={each.name: each.url for each in self.exchanges},
            plans=len(self.book.intents),
            unsettled=self.settling.open + self.constraints.open,
            neighbours=len(self.known),
            recording=self.recorder.waiting,
            unrecorded=self.recorder.dropped,
            test_mode=list(settings.test_mode),
        )

    def listener(self) -> ServerOptions:
        """Where other USSs call it."""
        settings = self.settings
        return ServerOptions(
            host=settings.uss_host,
            port=settings.uss_port,
            port_file=settings.uss_port_file,
            tls_cert=settings.uss_tls_cert,
            tls_key=settings.uss_tls_key,
            shutdown_timeout_s=self.context.settings.shutdown_timeout,
        )


async def _warm_up() -> None:
    """Load what is compiled, or the first plan would wait for it.

    It is many objects that stay: the collector shall not go through them again and again, as
    nobody is answered meanwhile. What is frozen is still freed when nothing refers to it.
    """
    await asyncio.to_thread(warm_up)
    gc.collect()
    gc.freeze()


def _new_id() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _transport(context: NodeContext, exchanges: tuple[ExchangeArea, ...]) -> CheckedTransport:
    settings = context.settings
    named = [each.url for each in exchanges]
    if settings.oauth_token_url is not None:
        named.append(settings.oauth_token_url)
    return CheckedTransport(
        named=named,
        hosts=lambda: uss_hosts(context.agreement()),
        policy=AddressPolicy.of(settings.peer_network),
        connect_to=[ConnectTo.parse(text) for text in settings.connect_to],
        allow_http=settings.allow_http_uss_urls,
        allow_any=settings.peer_allow_any,
        context=_believed(settings),
    )


def _believed(settings: PlanSettings) -> ssl.SSLContext:
    """By which certificates exchanges, other USSs and the authorisation server are believed."""
    return ssl.create_default_context(cafile=settings.uss_ca)


def _conformance_rules(settings: PlanSettings) -> ConformanceRules:
    return ConformanceRules(
        lost_s=settings.positions_lost_after, declare_lost=settings.declare_lost
    )


def _authenticator(settings: PlanSettings) -> tuple[TokenAuthenticator, JwksSource | None]:
    audiences = settings.audience or (urlsplit(settings.base_url or "").hostname or "",)
    jwks = None
    if settings.jwks_url is not None:
        jwks = JwksSource(settings.jwks_url, context=_believed(settings))
    rules = TokenRules(audiences=frozenset(audiences), issuers=frozenset(settings.issuer))
    keys = [load_pem_key(path) for path in settings.auth_public_key]
    return TokenAuthenticator(rules, pem_keys=keys, jwks=jwks), jwks
