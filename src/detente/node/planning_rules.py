"""`[rules.planning]` of an agreement: priorities, horizon, and who the parties are at exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

from detente.agreement import Agreement, Document, Row, RuleFault, RulesSection, register_rules
from detente.words import Words, quantity, same

if TYPE_CHECKING:
    from detente.planning import PlanningRules


class PartyUss(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who a party is at the exchanges, if not simply itself at its addresses."""

    party: Annotated[str, Meta(description="Id of the party.")]
    manager: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            description="Its name at the exchanges: the sub of its tokens.",
        ),
    ]
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            max_length=20,
            description="Host names of its USS, besides those of its addresses.",
        ),
    ] = ()


class PlanningSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[rules.planning]` may say; each has a value if it says nothing."""

    same_priority_allowed: Annotated[
        tuple[int, ...],
        Meta(
            max_length=100,
            description="Priorities at which two intents of the same priority may intersect.",
        ),
    ] = ()
    horizon_days: Annotated[
        int,
        Meta(ge=1, le=30, description="How far ahead a plan may start: days (OiMaxPlanHorizon)."),
    ] = 30
    vertices_max: Annotated[
        int,
        Meta(
            ge=3,
            le=10_000,
            description="Vertices in all volumes of a plan together (OiMaxVertices).",
        ),
    ] = 10_000
    rounds_max: Annotated[
        int,
        Meta(ge=1, le=50, description="How often an exchange is asked again that misses OVNs."),
    ] = 5
    uss: Annotated[
        tuple[PartyUss, ...],
        Meta(
            max_length=100,
            description="Who parties are at the exchanges; by default a party has its id as name "
            "there, and its addresses' hosts.",
        ),
    ] = ()


def planning_section(agreement: Agreement) -> PlanningSection:
    """What the parties agreed upon, or what holds where they said nothing."""
    found = agreement.rules.get(SECTION.name)
    return found if isinstance(found, PlanningSection) else PlanningSection()


def planning_rules(agreement: Agreement) -> PlanningRules:
    """The rules that plans are decided by under an agreement."""
    from detente.planning import PlanningRules  # geometry loads slowly

    found = planning_section(agreement)
    return PlanningRules(
        same_priority_allowed=frozenset(found.same_priority_allowed),
        horizon_days=found.horizon_days,
        vertices_max=found.vertices_max,
        rounds_max=found.rounds_max,
    )


def party_of_manager(agreement: Agreement, manager: str) -> str | None:
    """Id of the party that has this name at the exchanges; None if it is nobody's."""
    section = planning_section(agreement)
    for each in section.uss:
        if each.manager == manager:
            return each.party
    named = {each.party for each in section.uss}
    if manager in named or agreement.document.party(manager) is None:
        return None
    return manager


def manager_of_party(agreement: Agreement, party: str) -> str:
    """The name of a party at the exchanges."""
    for each in planning_section(agreement).uss:
        if each.party == party:
            return each.manager
    return party


def uss_hosts(agreement: Agreement) -> frozenset[str]:
    """Hosts at which USSs of the agreement's parties may be called."""
    hosts = {address.host for party in agreement.document.parties for address in party.addresses}
    hosts.update(host for each in planning_section(agreement).uss for host in each.hosts)
    return frozenset(host.lower() for host in hosts)


def _rows(rules: PlanningSection) -> list[Row]:
    day, days = Words("day", "jour"), Words("days", "jours")
    vertex, vertices = Words("vertex", "sommet"), Words("vertices", "sommets")
    time, times = Words("time", "fois"), Words("times", "fois")
    allowed = ", ".join(map(str, sorted(rules.same_priority_allowed)))
    rows = [
        Row(
            Words(
                "Plans of the same priority may intersect at",
                "Des plans de même priorité peuvent se croiser à",
            ),
            same(allowed) if allowed else Words("no priority", "aucune priorité"),
        ),
        Row(
            Words("A plan may start ahead by", "Un plan peut commencer dans"),
            quantity(rules.horizon_days, day, days),
        ),
        Row(
            Words("All volumes of a plan have at most", "Tous les volumes d’un plan ont au plus"),
            quantity(rules.vertices_max, vertex, vertices),
        ),
        Row(
            Words(
                "An exchange that misses something is asked again",
                "Un exchange auquel il manque quelque chose est redemandé",
            ),
            quantity(rules.rounds_max, time, times),
        ),
    ]
    for each in rules.uss:
        where = ", ".join(each.hosts)
        told = f"{each.manager} ({where})" if where else each.manager
        label = Words(
            f"At the exchanges, {each.party} is called",
            f"Auprès des exchanges, {each.party} s’appelle",
        )
        rows.append(Row(label, same(told)))
    return rows


def _faults(rules: PlanningSection, document: Document) -> list[RuleFault]:
    found = []
    parties: set[str] = set()
    managers: set[str] = set()
    for position, each in enumerate(rules.uss):
        if document.party(each.party) is None:
            found.append(
                RuleFault(
                    ("uss", position, "party"),
                    f"{each.party} is no party of this agreement.",
                    f"Parties: {', '.join(party.id for party in document.parties)}.",
                )
            )
        if each.party in parties:
            found.append(
                RuleFault(
                    ("uss", position, "party"),
                    f"{each.party} has two names at the exchanges.",
                    "Leave one out.",
                )
            )
        if each.manager in managers:
            found.append(
                RuleFault(
                    ("uss", position, "manager"),
                    f"Two parties are called {each.manager}.",
                    "Give each a name of its own.",
                )
            )
        parties.add(each.party)
        managers.add(each.manager)
    return found


SECTION: Final = RulesSection(
    "planning",
    Words("Planning: priorities, exchanges", "Planification\u202f: priorités, exchanges"),
    "By which rules flight plans of the parties give way to each other (F3548-21), and who the "
    "parties are at the exchanges. Without this section: no two plans of the same priority may "
    "intersect, plans start within 30 days and have 10,000 vertices at most, and every party has "
    "its id as its name at the exchanges.",
    PlanningSection,
    _rows,
    _faults,
)

register_rules(SECTION)
