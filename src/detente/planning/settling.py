"""An order that was begun, and of which it is not known what became: found out, finished or undone.

A new plan is taken away wherever it stands: nobody was told of it. An end is finished. A change is
finished if the exchange that decides has taken it, and put back otherwise.
"""

from __future__ import annotations

from detente.planning import faults
from detente.planning.course import Course
from detente.planning.filing import Site
from detente.planning.intents import Action, Outcome, Result
from detente.planning.steps import Steps, Stopped


class Settling(Course):
    """The flows of an attempt that takes up another one."""

    def settle(self) -> Steps[Outcome]:
        """Find out what became of the order; finish it, or undo it."""
        order = self._task.order
        if not (yield from self._ask_all(0)):
            return self._outcome(Result.FAILED)
        gone = self._all_sites if order.action is Action.END else self._left
        if self._task.own(order.id) is not None:
            self._faults.extend(
                faults.subscribers_unknown(site.name) for site in gone if site.stands is None
            )
        if order.action is Action.END:
            return (yield from self._end())
        if order.before is None:
            return (yield from self._withdraw())
        if not self._decided and order.state.nominal:
            # It may still be under way.
            if not (yield from self._ask_all(self._task.now_us + self._late_us)):
                return self._outcome(Result.FAILED)
            if not self._decided:
                return (yield from self._put_back())
        if order.state.nominal:
            yield from self._look_if_possible()
        for site in self._sites:
            yield from self._finish(site)
        for site in self._left:
            yield from self._surely(site, site.remove())
        if order.state.nominal:
            self._decide()
        return self._done_everywhere()

    def _finish(self, site: Site) -> Steps[None]:
        """What is decided. Where it stands already it is put again, to hear who must be told; but
        two may each wait for the OVN of the other, so that is not insisted upon.
        """
        order, state = self._task.order, self._task.order.state
        own = self._task.own(order.id)
        known = None if own is None else own.at(site.name)
        if (
            own is not None
            and (own.state, own.details) == (state, order.details)
            and known == site.stands
            and site.changed
        ):
            return  # Told already, when the rest was left for later.
        try:
            yield from site.bring(state, self._volumes)
        except Stopped as stopped:
            stands = None if site.stands is None else site.stands.state
            if site.changed and stands == state.value and not site.unsure:
                self._faults.append(faults.subscribers_unknown(site.name))
                return
            self._faults.extend(stopped.faults)
            self._unsettled.add(site.name)

    @property
    def _decided(self) -> bool:
        """Whether the exchange that decides has taken the change."""
        if not self._sites:
            return False
        last = self._sites[-1]
        state = None if last.stands is None else last.stands.state
        return last.changed and state == self._task.order.state.value

    def _ask_all(self, not_before_us: int) -> Steps[bool]:
        known = True
        for site in self._all_sites:
            known = (yield from self._surely(site, site.ask(not_before_us))) and known
        return known

    def _look_if_possible(self) -> Steps[None]:
        try:
            yield from self._look()
        except Stopped as stopped:
            self._faults.extend(stopped.faults)

    def _withdraw(self) -> Steps[Outcome]:
        """A new plan of which nobody was told: it is taken away wherever it stands."""
        for not_before_us in (0, self._task.now_us + self._late_us):
            if not_before_us and not (yield from self._ask_all(not_before_us)):
                return self._outcome(Result.FAILED)
            for site in self._all_sites:
                if site.stands is not None and not (yield from self._surely(site, site.remove())):
                    return self._outcome(Result.FAILED)
        self._faults.extend(faults.interrupted(site.name) for site in self._sites)
        return self._outcome(Result.FAILED)

    def _put_back(self) -> Steps[Outcome]:
        yield from self._look_if_possible()
        yield from self._undo()
        self._faults.extend(faults.interrupted(site.name) for site in self._sites)
        return self._outcome(Result.FAILED)
