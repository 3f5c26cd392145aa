"""The course of an attempt: from what is asked for to an outcome.

A plan for one exchange is one change there. For several, in the order of their addresses, so that
no two planners wait for each other: first each is prepared (what is new is created, what stands is
widened over what it leaves and what it takes), then the last one is changed, which decides, then
the others follow. Until it is decided everything can be undone, since nobody is accepted within
what is widened: our USS shows no OVN of it. A new plan is undone by taking it away everywhere.

What cannot be known now is left `unsettled`, and found out later (`settling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from detente.f3548 import types as wire
from detente.planning import faults
from detente.planning.actions import Conflicted
from detente.planning.decision import decide
from detente.planning.filing import Site, merged
from detente.planning.intents import (
    Action,
    Conflict,
    ExchangeArea,
    Fault,
    Filed,
    Intent,
    Outcome,
    Result,
    State,
)
from detente.planning.steps import Steps, Stopped, Task
from detente.planning.survey import Survey
from detente.planning.validation import faults_of


class Course:
    """The flows of an attempt."""

    def __init__(self, task: Task, late_us: int) -> None:
        order = task.order
        self._task = task
        self._late_us = late_us
        self._began_us = task.now_us
        self._survey = Survey(task)
        self._conflicts: tuple[Conflict, ...] = ()
        self._faults: list[Fault] = []
        self._unsettled: set[str] = set()
        self._before = () if order.before is None else order.before.details.all_volumes
        self._volumes = order.details.all_volumes
        before = order.before
        # Who is off nominal stays announced wherever it was; so does what a lost request may
        # still create there.
        stays = not order.state.nominal or (
            before is not None and before.late_until_us > order.given_us
        )
        self._sites: list[Site] = []
        self._left: list[Site] = []
        for area in task.areas.values():
            stood = self._filed(area) is not None
            if order.action is Action.END:
                touched = False
            else:
                touched = area.touches(self._volumes) or (stood and stays)
            if touched:
                self._sites.append(self._site(area))
            elif stood:
                self._left.append(self._site(area))

    def _filed(self, area: ExchangeArea) -> wire.OperationalIntentReference | None:
        before = self._task.order.before
        return None if before is None else before.at(area.name)

    def _site(self, area: ExchangeArea) -> Site:
        def look_at(missing: Conflicted, shown: Sequence[str]) -> Steps[None]:
            return self._survey.look_at(area.name, missing.intents, missing.constraints, shown)

        return Site(
            self._task,
            area,
            lambda: self._survey.key(area.name),
            look_at,
            self._filed(area),
            self._before if self._filed(area) is not None else (),
        )

    @property
    def _all_sites(self) -> list[Site]:
        return [*self._sites, *self._left]

    # --- carrying out ------------------------------------------------------------------------

    def carry_out(self) -> Steps[Outcome]:
        """The order, from the beginning."""
        task = self._task
        found = list(faults_of(task.order, task.rules, task.now_us))
        if task.order.action is not Action.END and not found and not self._sites:
            found.append(faults.no_exchange())
        if found:
            self._faults = found
            return self._outcome(Result.REFUSED)
        if task.order.action is Action.END:
            return (yield from self._end())
        if not task.order.state.nominal:
            return (yield from self._declare())
        try:
            yield from self._look()
            self._judge()
            yield from self._prepare()
            yield from self._commit()
        except Stopped as stopped:
            self._faults.extend(stopped.faults)
            yield from self._undo()
            return self._outcome(stopped.result)
        yield from self._follow()
        return self._done_everywhere()

    def _done_everywhere(self) -> Outcome:
        """Done, unless some exchange does not have it yet: then not shown to peers anywhere."""
        if self._task.order.state.nominal and self._unsettled:
            self._unsettled = {site.name for site in self._all_sites}
            return self._outcome(Result.FAILED)
        return self._outcome(Result.DONE)

    def _look(self) -> Steps[None]:
        volumes = self._volumes
        if len(self._sites) > 1:
            volumes = merged(self._before, volumes)
        yield from self._survey.look([site.name for site in self._sites], volumes)

    def _judge(self) -> None:
        """Decide by all that is known now.

        Raises:
            Stopped: somebody's details are missing, or a conflict may not be.
        """
        self._survey.demand_details()
        self._decide()
        if any(not each.allowed for each in self._conflicts):
            raise Stopped(Result.REFUSED)

    def _decide(self) -> None:
        task = self._task
        self._conflicts = decide(
            task.order,
            tuple(self._survey.neighbours.values()),
            task.rules,
            task.known.prepared,
        )

    def _prepare(self) -> Steps[None]:
        """What must be so everywhere before it is decided."""
        order = self._task.order
        before = order.before
        widened = merged(self._before, self._volumes)
        for site in self._sites:
            if site.stands is None:
                yield from site.bring(State.ACCEPTED, self._volumes, self._judge)
            elif before is not None and site is not self._sites[-1]:
                # Even where nothing is widened: from now on nobody has the OVN to come near.
                yield from site.bring(before.state, widened, self._judge)
        if before is not None and not before.state.nominal and len(self._sites) > 1:
            # No key was asked for: somebody may have been accepted meanwhile.
            yield from self._look()
            self._judge()

    def _commit(self) -> Steps[None]:
        """Change the last exchange, which decides; a new plan is decided when all have it."""
        order = self._task.order
        last = self._sites[-1]
        if order.before is None:
            if order.state is not State.ACCEPTED:
                for site in self._sites:
                    yield from site.bring(order.state, self._volumes, self._judge)
            return
        if last.filed is not None or order.state is not State.ACCEPTED:
            yield from last.bring(order.state, self._volumes, self._judge)

    def _follow(self) -> Steps[None]:
        """What is decided, at the others: it cannot be refused any more, only be late."""
        order = self._task.order
        if order.before is None:
            return
        for site in self._sites[:-1]:
            if site.filed is None and order.state is State.ACCEPTED:
                continue
            yield from self._surely(site, site.bring(order.state, self._volumes))
        for site in self._left:
            yield from self._surely(site, site.remove())

    def _surely(self, site: Site, steps: Steps[None]) -> Steps[bool]:
        """Do it, or leave it for later."""
        try:
            yield from steps
        except Stopped as stopped:
            self._faults.extend(stopped.faults)
            self._unsettled.add(site.name)
            return False
        return True

    def _undo(self) -> Steps[None]:
        """Have everything stand as it did before."""
        before = self._task.order.before
        if before is not None and any(site.unsure for site in self._all_sites):
            # What was decided is not known: nothing is given up before it is.
            self._unsettled |= {s.name for s in self._all_sites if s.changed or s.unsure}
            return
        for site in reversed(self._sites):
            if site.unsure and not (yield from self._surely(site, site.ask())):
                continue
            if site.filed is None and site.stands is not None:
                yield from self._surely(site, site.remove())
            elif before is not None and site.changed:
                put_back = site.bring(before.state, before.details.all_volumes)
                yield from self._surely(site, put_back)

    # --- off nominal, ending -----------------------------------------------------------------

    def _declare(self) -> Steps[Outcome]:
        """Off nominal: said at once, asked of nobody, and never taken back."""
        order = self._task.order
        told = False
        stopped: list[Fault] = []
        for site in [each for each in self._sites if each.filed is not None]:
            try:
                yield from site.bring(order.state, self._volumes)
                told = True
            except Stopped as end:
                stopped.extend(end.faults)
                if site.unsure or end.result is Result.FAILED:
                    self._unsettled.add(site.name)
        for site in [each for each in self._sites if each.filed is None]:
            # Where it strays to: an exchange takes nothing new without a key.
            try:
                yield from self._survey.look([site.name], self._volumes)
                yield from site.bring(order.state, self._volumes)
            except Stopped as end:
                stopped.extend(end.faults)
                self._unsettled.add(site.name)
        self._faults.extend(stopped)
        for neighbour in self._task.known.near(self._volumes):
            self._survey.neighbours.setdefault((neighbour.exchange, neighbour.id), neighbour)
        self._decide()
        return self._outcome(Result.DONE if told else Result.FAILED)

    def _end(self) -> Steps[Outcome]:
        ended = True
        for site in self._all_sites:
            done = yield from self._surely(site, site.remove())
            ended = ended and done
        before = self._task.order.before
        if before is not None and before.late_until_us > self._task.now_us:
            # A request of its beginning may still create it again.
            self._unsettled |= {site.name for site in self._all_sites}
        return self._outcome(Result.DONE if ended else Result.FAILED)

    # --- the end -----------------------------------------------------------------------------

    def _outcome(self, result: Result) -> Outcome:
        task = self._task
        for site in self._all_sites:
            self._faults.extend(site.faults)
            if site.in_doubt:
                self._unsettled.add(site.name)
        notices = [notice for site in self._all_sites for notice in site.notices()]
        return Outcome(
            result=result,
            order=task.order,
            intent=self._intent(result),
            conflicts=self._conflicts,
            faults=tuple(dict.fromkeys(self._faults)),
            neighbours=tuple(self._survey.neighbours.values()),
            constraints=self._survey.constraints.met(self._volumes) if self._volumes else (),
            # Who hears of an end and of a change from two exchanges hears of the change last.
            notices=tuple(sorted(notices, key=lambda notice: not notice.ended)),
            rounds=task.rounds,
            unsettled=tuple(sorted(self._unsettled)),
            began_us=self._began_us,
            ended_us=task.now_us,
        )

    def _filed_now(self) -> tuple[Filed, ...]:
        """What may be shown to peers: where it is not settled, what was accepted before."""
        found = []
        for site in self._all_sites:
            shown = site.filed if site.name in self._unsettled else site.stands
            if shown is not None:
                found.append(Filed(site.name, shown))
        return tuple(found)

    def _intent(self, result: Result) -> Intent | None:
        """The intent as it is now."""
        order = self._task.order
        before = order.before
        filed = self._filed_now()
        if order.action is Action.END:
            if before is None:
                return None
            if result is Result.DONE:
                return replace(before, ended=True, version=before.version + 1)
            return replace(before, filed=filed or before.filed)
        if result is not Result.DONE:
            if before is None:
                return None
            if not filed and not self._unsettled:
                return replace(before, ended=True)
            return replace(before, filed=filed or before.filed)
        return Intent(
            id=order.id,
            name=order.name or ("" if before is None else before.name),
            operator=order.operator or ("" if before is None else before.operator),
            state=order.state,
            details=order.details,
            filed=filed,
            track=order.track or (() if before is None else before.track),
            version=1 if before is None else before.version + 1,
            late_until_us=self._late_until_us(),
            aircraft=order.aircraft or ("" if before is None else before.aircraft),
        )

    def _late_until_us(self) -> int:
        before = self._task.order.before
        if any(site.create_lost for site in self._all_sites):
            return self._task.now_us + self._late_us
        return 0 if before is None else before.late_until_us
