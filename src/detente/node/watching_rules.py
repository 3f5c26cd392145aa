"""`[rules.watch]` of an agreement: of which alerts nodes tell one another, and how long before."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from detente.agreement import Agreement, Document, Row, RuleFault, RulesSection, register_rules
from detente.words import Words, quantity, same

Told = Literal["crossing", "stand-off", "approach"]


class ClaimedBoundaries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Boundaries that are a party's: it is told of who comes near or crosses them."""

    party: Annotated[str, Meta(description="Id of the party.")]
    boundaries: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(
            min_length=1,
            max_length=200,
            description="Ids of boundaries, as `country-coder/CH`; `*` stands for any characters.",
        ),
    ]


class WatchSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[rules.watch]` may say; each has a value if it says nothing."""

    tell: Annotated[
        tuple[Told, ...],
        Meta(max_length=3, description="Of what the other party is told over the line."),
    ] = ("crossing", "stand-off", "approach")
    own_aircraft_only: Annotated[
        bool,
        Meta(description="Whether a party tells of its own aircraft only, or of all that it sees."),
    ] = True
    uncertain: Annotated[
        bool, Meta(description="Whether what cannot be told is told, too, as that.")
    ] = True
    within_s: Annotated[
        int,
        Meta(
            ge=10,
            le=3_600,
            description="What is ahead is told when it is at most this far ahead: seconds.",
        ),
    ] = 600
    when_over: Annotated[
        bool, Meta(description="Whether it is told, too, that it is over or does not come.")
    ] = True
    claims: Annotated[
        tuple[ClaimedBoundaries, ...],
        Meta(max_length=100, description="Whose the boundaries are."),
    ] = ()


def watch_section(agreement: Agreement) -> WatchSection | None:
    """What the parties agreed upon; None if they did not: then nobody is told by itself."""
    found = agreement.rules.get(SECTION.name)
    return found if isinstance(found, WatchSection) else None


def claimants_of(section: WatchSection, boundary: str) -> tuple[str, ...]:
    """Parties whose boundary it is, in the order in which the agreement names them."""
    named = [
        each.party
        for each in section.claims
        if any(fnmatchcase(boundary, pattern) for pattern in each.boundaries)
    ]
    return tuple(dict.fromkeys(named))


_TOLD: Final = {
    "crossing": Words("crossings of borders", "franchissements de frontières"),
    "stand-off": Words("distances not kept from lines", "distances non respectées"),
    "approach": Words("aircraft too close to each other", "aéronefs trop proches"),
}
_YES: Final = Words("yes", "oui")
_NO: Final = Words("no", "non")


def _rows(rules: WatchSection) -> list[Row]:
    told = [_TOLD[each] for each in rules.tell]
    rows = [
        Row(
            Words("The nodes tell the other party of", "Les nœuds avisent l’autre partie des"),
            Words(
                ", ".join(each.en for each in told) or "nothing",
                ", ".join(each.fr for each in told) or "rien",
            ),
        ),
        Row(
            Words("Of aircraft", "Au sujet des aéronefs"),
            Words("of one’s own", "du côté qui avise")
            if rules.own_aircraft_only
            else Words("of anybody", "de quiconque"),
        ),
        Row(
            Words("Ahead of it by at most", "À l’avance d’au plus"),
            quantity(rules.within_s, Words("second", "seconde"), Words("seconds", "secondes")),
        ),
        Row(
            Words("What cannot be told is told, too", "Ce qui reste incertain est dit aussi"),
            _YES if rules.uncertain else _NO,
        ),
        Row(
            Words("It is told when it is over", "La fin est annoncée"),
            _YES if rules.when_over else _NO,
        ),
    ]
    for each in rules.claims:
        label = Words(f"Boundaries of {each.party}", f"Frontières de {each.party}")
        rows.append(Row(label, same(", ".join(each.boundaries))))
    return rows


def _faults(rules: WatchSection, document: Document) -> list[RuleFault]:
    parties = ", ".join(party.id for party in document.parties)
    found = [
        RuleFault(
            ("claims", position, "party"),
            f"{each.party} is no party of this agreement.",
            f"Parties: {parties}.",
        )
        for position, each in enumerate(rules.claims)
        if document.party(each.party) is None
    ]
    if len(set(rules.tell)) != len(rules.tell):
        found.append(RuleFault(("tell",), "Something is named twice.", "Leave one out."))
    if not rules.claims and {"crossing", "stand-off"} & set(rules.tell):
        found.append(
            RuleFault(
                ("claims",),
                "Nobody’s boundaries are named: of crossings nobody would be told.",
                'Name them: claims = [{ party = "…", boundaries = ["country-coder/CH"] }].',
            )
        )
    return found


SECTION: Final = RulesSection(
    "watch",
    Words("Watching: what is told by itself", "Surveillance\u202f: ce qui est annoncé d’office"),
    "Of which alerts a node tells the other party by itself, over the line, signed by the node’s "
    "key: before it happens, once for each, and once more when it is over. Without this section "
    "nobody is told by itself; officers may still write.",
    WatchSection,
    _rows,
    _faults,
)
register_rules(SECTION)
