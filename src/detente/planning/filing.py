"""An order at the exchanges: what is put there, and a `Site` for each that brings it there.

A site knows what stands, as far as the exchange told. An answer that is missing is never taken for
a refusal: the exchange is asked what stands. If the change is there, it is put once more, since
only the answer to a change says who must be told of it; and if it was moved meanwhile, first over
what it left and what it took, so that those whom it left are named, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from detente.f3548 import types as wire
from detente.f3548 import volume_on_wire
from detente.geo import (
    Polygon,
    Volume4D,
    VolumeError,
    VolumeLimits,
    extent_of,
    validate_volume,
)
from detente.planning import faults
from detente.planning.actions import Conflicted, DeleteIntent, GetIntent, Heard, PutIntent, Refused
from detente.planning.intents import ExchangeArea, Fault, Notice, Result, State
from detente.planning.known import visible
from detente.planning.steps import (
    TRIES_PAUSES_US,
    Steps,
    Stopped,
    Task,
    one,
    scope_for,
    undecided,
    what,
    worth_repeating,
)
from detente.planning.subscribers import whom_to_tell

NOTICE_US: Final = 5_000_000
"""Within this time subscribers are told (UssOiChangeNotificationMax, SCD0085)."""
_UNCLEAR_MAX: Final = 5
MARGIN: Final = 0.95
"""Of the largest area that an exchange takes: it may reckon otherwise."""


def query_areas(volumes: Sequence[Volume4D], area_max_km2: float) -> tuple[Volume4D, ...]:
    """What to ask an exchange for: a hull around all, or around each half if that is too large.

    Volumes that follow one another lie beside one another: few hulls take the place of many
    volumes. A volume by itself is asked for as it is.
    """
    hull = hull_of(volumes) if len(volumes) > 1 else None
    if hull is not None:
        try:
            validate_volume(hull, VolumeLimits(max_area_km2=area_max_km2 * MARGIN))
        except VolumeError:
            pass
        else:
            return (hull,)
    if len(volumes) < 2:
        return tuple(volumes)
    half = len(volumes) // 2
    return (
        *query_areas(volumes[:half], area_max_km2),
        *query_areas(volumes[half:], area_max_km2),
    )


def hull_of(volumes: Sequence[Volume4D]) -> Volume4D | None:
    """One volume around several; None if there is none, or it would be most of the Earth."""
    extent = extent_of(volumes)
    if len(extent.hull) < 6:
        return None
    lower, upper = extent.altitude_lower_mm, extent.altitude_upper_mm
    return Volume4D(
        Polygon(
            tuple(
                (lat * 1e-9, lng * 1e-9)
                for lat, lng in zip(extent.hull[::2], extent.hull[1::2], strict=True)
            )
        ),
        None if lower is None else lower / 1000,
        None if upper is None else upper / 1000,
        extent.time_start_us,
        extent.time_end_us,
    )


def merged(first: Sequence[Volume4D], second: Sequence[Volume4D]) -> tuple[Volume4D, ...]:
    """The volumes of both, each once."""
    return tuple(dict.fromkeys((*first, *second)))


Judge = Callable[[], None]
"""Decides anew when more has become known; raises `Stopped` if the order may not be."""


class Site:
    """Our reference at one exchange, during an attempt.

    Attributes:
        area: the exchange.
        filed: the reference that stood when the attempt began; None: there was none.
        stands: what the exchange told last; None: nothing.
        unsure: a request may have been carried out, or may be yet, without our knowing.
        create_lost: a request to create it may be under way still.
        faults: what could not be done, though the change holds.
    """

    def __init__(
        self,
        task: Task,
        area: ExchangeArea,
        key: Callable[[], list[str]],
        look_at: Callable[[Conflicted, Sequence[str]], Steps[None]],
        filed: wire.OperationalIntentReference | None,
        extents: Sequence[Volume4D],
    ) -> None:
        self._task = task
        self._key = key
        self._look_at = look_at
        self.area = area
        self.filed = filed
        self.stands = filed
        self.unsure = False
        self.faults: list[Fault] = []
        self._extents = tuple(extents)
        self._untold: tuple[Volume4D, ...] = ()
        self._tried: tuple[State, tuple[Volume4D, ...]] | None = None
        self._applied = False
        self.create_lost = False
        self._told: dict[str, dict[str, int]] = {}
        self._told_us = 0

    @property
    def name(self) -> str:
        """Of the exchange."""
        return self.area.name

    @property
    def changed(self) -> bool:
        """Whether something else stands than when the attempt began, as far as is known."""
        before, now = self.filed, self.stands
        if before is None or now is None:
            return before is not now
        return before.ovn != now.ovn

    @property
    def in_doubt(self) -> bool:
        """Whether it must be asked for again later."""
        return self.unsure or (self.create_lost and self.stands is None)

    def notices(self) -> tuple[Notice, ...]:
        """Whom the exchange wants to be told, each once; not ourselves."""
        return tuple(
            Notice(
                self.name,
                url,
                tuple(wire.SubscriptionState(*each) for each in sorted(subscriptions.items())),
                self._task.order.id,
                self.stands is None,
                self._told_us + NOTICE_US,
            )
            for url, subscriptions in sorted(self._told.items())
            if url.rstrip("/") != self.area.base_url.rstrip("/")
        )

    # --- putting -----------------------------------------------------------------------------

    def bring(
        self, state: State, volumes: Sequence[Volume4D], judge: Judge | None = None
    ) -> Steps[None]:
        """Have a state and volumes stand here; what is new is created as Accepted first.

        Args:
            judge: see `Judge`; None: put whatever comes.

        Raises:
            Stopped: it does not, or that is not known (`unsure`).
        """
        if self.stands is None and state is not State.ACCEPTED:
            yield from self._put(State.ACCEPTED, tuple(volumes), judge)
        yield from self._put(state, tuple(volumes), judge)

    def _put(self, state: State, volumes: tuple[Volume4D, ...], judge: Judge | None) -> Steps[None]:
        try:
            yield from self._until_heard(state, volumes, judge)
        except Stopped:
            # It stands, and may stand: only the answer is missing that says who must be told.
            stands = self.stands is not None and self.stands.state == state.value
            if self._applied and stands and not self.unsure:
                self.faults.append(faults.subscribers_unknown(self.name))
                return
            raise

    def _until_heard(
        self, state: State, volumes: tuple[Volume4D, ...], judge: Judge | None
    ) -> Steps[None]:
        self._applied = False
        rounds = unclear = 0
        while True:
            if self.stands is None and state is not State.ACCEPTED:
                raise Stopped(Result.FAILED, faults.reference_gone(self.name))
            reach = merged(self._untold, volumes) if self._untold else volumes
            key = self._key() if state.nominal else []
            heard = yield from self._send(state, reach, key, unclear)
            match heard.answer:
                case wire.ChangeOperationalIntentReferenceResponse() as done if self._is_ours(
                    done.operational_intent_reference, state
                ):
                    self._heard(done, reach)
                    if reach == volumes:
                        return
                case Conflicted() as missing if missing.intents or missing.constraints:
                    rounds += 1
                    if rounds > self._task.rules.rounds_max:
                        raise Stopped(Result.FAILED, faults.too_many_rounds(self.name, rounds))
                    yield from self._look_at(missing, key)
                    if judge is not None and not self._applied:
                        judge()
                case Refused(status=status, message=message) if not worth_repeating(heard):
                    raise Stopped(
                        Result.FAILED, faults.exchange_refused(self.name, status, message)
                    )
                case _:
                    unclear += 1
                    if not isinstance(heard.answer, Conflicted):
                        self._doubt(heard)
                    if isinstance(heard.answer, Conflicted) or self.unsure:
                        yield from self.ask()
                    if unclear > _UNCLEAR_MAX:
                        raise Stopped(Result.FAILED, faults.exchange_failed(self.name, what(heard)))

    def _send(
        self, state: State, reach: tuple[Volume4D, ...], key: list[str], unclear: int
    ) -> Steps[Heard]:
        self._task.rounds += 1
        self._tried = (state, reach)
        pause_us = TRIES_PAUSES_US[min(unclear, len(TRIES_PAUSES_US) - 1)]
        constraints = self._task.constraints
        put = PutIntent(
            self.name,
            self._task.order.id,
            "" if self.stands is None else self.stands.ovn,
            wire.PutOperationalIntentReferenceParameters(
                extents=[volume_on_wire(each) for each in reach],
                state=state.value,
                uss_base_url=self.area.base_url,
                key=key,
                new_subscription=wire.ImplicitSubscriptionParameters(
                    self.area.base_url, constraints
                ),
            ),
            scope_for(state, constraints=constraints),
        )
        return (yield from one(put, self._task.now_us + pause_us if pause_us else 0))

    def _is_ours(self, reference: wire.OperationalIntentReference, state: State) -> bool:
        return (
            reference.id == self._task.order.id
            and State(reference.state) is state
            and visible(reference.ovn)
        )

    def _heard(
        self, done: wire.ChangeOperationalIntentReferenceResponse, reach: tuple[Volume4D, ...]
    ) -> None:
        """A change was taken: what was under way before it can do nothing any more."""
        self.stands = done.operational_intent_reference
        self.unsure = False
        self._extents, self._untold = reach, ()
        self._tell(done)

    def _tell(self, done: wire.ChangeOperationalIntentReferenceResponse) -> None:
        self._told_us = self._told_us or self._task.now_us
        subscribers, more = whom_to_tell(done.subscribers)
        if more:
            code = "plan.subscribers_left_out"
            self.faults.append(faults.subscribers_left_out(self.name, code))
        for subscriber in subscribers:
            told = self._told.setdefault(subscriber.uss_base_url, {})
            for each in subscriber.subscriptions:
                index = told.get(each.subscription_id, each.notification_index)
                told[each.subscription_id] = max(index, each.notification_index)

    def _doubt(self, heard: Heard) -> None:
        """What the other side was asked for may be done, or may be yet."""
        if not undecided(heard) and not isinstance(
            heard.answer, wire.ChangeOperationalIntentReferenceResponse
        ):
            return
        self.unsure = True
        if self.stands is None:
            self.create_lost = True

    # --- asking ------------------------------------------------------------------------------

    def ask(self, not_before_us: int = 0) -> Steps[None]:
        """Learn what stands.

        Raises:
            Stopped: the exchange does not say.
        """
        heard = None
        for pause_us in TRIES_PAUSES_US:
            not_before_us = max(not_before_us, self._task.now_us + pause_us if pause_us else 0)
            state = State.ACCEPTED if self.stands is None else State(self.stands.state)
            errand = GetIntent(self.name, self._task.order.id, scope_for(state))
            heard = yield from one(errand, not_before_us)
            match heard.answer:
                case wire.GetOperationalIntentReferenceResponse(operational_intent_reference=now):
                    if now.id == self._task.order.id:
                        self._found(now)
                        return
                case Refused(status=404):
                    self.stands, self._extents = None, ()
                    return
        assert heard is not None  # noqa: S101 - there is at least one try
        raise Stopped(Result.FAILED, faults.exchange_failed(self.name, what(heard)))

    def _found(self, now: wire.OperationalIntentReference) -> None:
        if not visible(now.ovn):
            raise Stopped(Result.REFUSED, faults.not_ours(self.name))
        if self.stands is None or now.ovn != self.stands.ovn:
            self._untold = merged(self._untold, self._extents)
            if self._tried is not None:
                self._extents = self._tried[1]
                self._applied = self.unsure and State(now.state) is self._tried[0]
            # Whatever else is under way names an OVN that is no longer current.
            self.unsure = False
        self.stands = now

    # --- taking away -------------------------------------------------------------------------

    def remove(self) -> Steps[None]:
        """Have nothing stand here.

        Raises:
            Stopped: something does, or that is not known.
        """
        lost = False
        for pause_us in (*TRIES_PAUSES_US, TRIES_PAUSES_US[-1]):
            if self.stands is None:
                break
            scope = scope_for(State(self.stands.state))
            errand = DeleteIntent(self.name, self._task.order.id, self.stands.ovn, scope)
            heard = yield from one(errand, self._task.now_us + pause_us if pause_us else 0)
            match heard.answer:
                case wire.ChangeOperationalIntentReferenceResponse() as done:
                    self._tell(done)
                    self.stands, self._extents, self.unsure = None, (), False
                    return
                case Refused(status=404):
                    self.stands = None
                case Conflicted() | Refused(status=409):
                    yield from self.ask()
                case Refused(status=status, message=message) if not worth_repeating(heard):
                    raise Stopped(
                        Result.FAILED, faults.exchange_refused(self.name, status, message)
                    )
                case _:
                    if undecided(heard):
                        lost = self.unsure = True
                        yield from self.ask()
        if self.stands is not None:
            raise Stopped(Result.FAILED, faults.exchange_failed(self.name, "it is not taken away"))
        self.unsure = False
        self._extents = ()
        if lost:
            self.faults.append(faults.subscribers_unknown(self.name))
