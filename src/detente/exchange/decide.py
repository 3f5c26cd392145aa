"""`decide(state, command) -> entry and reply`: the exchange as a deterministic state machine.

Deciding changes nothing and needs nothing but its arguments, so that several instances, a simulator
and a test reach the same answer from the same log.
"""

from __future__ import annotations

import msgspec

from detente.exchange import administration, constraints, identifiers, intents, subscriptions
from detente.exchange import commands as c
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Decision
from detente.f3548 import types as wire


def decide(airspace: Airspace, command: c.Command, moment: c.Moment, rules: c.Rules) -> Decision:
    """What becomes true by a command, and the reply to it.

    Args:
        airspace: the state; not changed.
        command: what is asked.
        moment: when, with 64 random bytes of its own.
        rules: the operator's switches.

    Raises:
        Refused: a subclass that names the rule; nothing becomes true then.
    """
    match command:
        case c.PutOperationalIntent():
            return intents.put(airspace, command, moment, rules)
        case c.DeleteOperationalIntent():
            return intents.delete(airspace, command, moment, rules)
        case c.PutConstraint():
            return constraints.put(airspace, command, moment)
        case c.DeleteConstraint():
            return constraints.delete(airspace, command, moment)
        case c.PutSubscription():
            return subscriptions.put(airspace, command, moment, rules)
        case c.DeleteSubscription():
            return subscriptions.delete(airspace, command, moment)
        case c.SetAvailability():
            return administration.set_availability(airspace, command, moment)
        case c.FileReport():
            report = msgspec.json.decode(command.report, type=wire.ErrorReport)
            reply = msgspec.structs.replace(report, report_id=identifiers.new_uuid4(moment.random))
            entry = administration.file_report(command, reply.report_id or "", moment)
            return Decision(entry, reply)
        case c.OpenLog():
            return administration.open_log(airspace, moment)
        case c.JoinPool():
            return administration.join(airspace, command, moment)
        case c.SendHeartbeat():
            return administration.heartbeat(airspace, command, moment)
        case c.Evict():
            return administration.evict(airspace, command, moment)
