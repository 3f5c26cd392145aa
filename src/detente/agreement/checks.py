"""What the types of a document cannot say: references, orders, look-alikes, hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from detente.agreement.document import Address, Altitude, Contact, Document
from detente.agreement.reading import Reader, near
from detente.agreement.toml_source import Path

FEET_M: Final = 0.3048
RESERVED: Final = ("none", "all", "any", "system")
"""Ids that mean something in policies, or would to a reader."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PREFIX = re.compile(r"/(?:[A-Za-z0-9._~-]+/?)*")
# What a hurried reader takes for the same: l, 1 and i; 0 and o; rn and m; vv and w.
_LOOKS = str.maketrans({"l": "i", "1": "i", "0": "o", "5": "s", "2": "z"})


def check_document(document: Document, reader: Reader) -> None:
    """Note every fault that types cannot tell."""
    _check_version(document, reader)
    _check_languages(document, reader)
    if document.period.from_ >= document.period.until:
        reader.fault(
            ("period", "until"),
            "period.order",
            "The period ends before it begins.",
            "until is the first instant after the period.",
        )
    _check_altitudes(document, reader)
    _check_parties(document, reader)
    _check_witnessing(document, reader)
    _check_line(document, reader)
    _check_clocks(document, reader)


def host_fault(host: str) -> str | None:
    """Why a text is no host name that may be called; None if it is one."""
    if "@" in host or ":" in host or "/" in host or "[" in host:
        return "A host is a name alone: no scheme, user, port or path."
    if not host.isascii():
        return "A host is written in ASCII; international names begin with xn--."
    if host != host.lower():
        return "A host is written in small letters."
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "A host has labels of letters, digits and hyphens, with single dots between."
    # 127.1, 0x7f000001 and 2130706433 are addresses to many resolvers.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return "A host is a name, not an IP address: a certificate is made out to a name."
    if len(labels) < 2 or labels[-1] in ("localhost", "local", "localdomain"):
        return "A host has at least two labels, and means the same to everybody."
    return None


def _check_version(document: Document, reader: Reader) -> None:
    if (document.version == 1) != (document.previous is None):
        reader.fault(
            ("previous",) if document.previous else ("version",),
            "version.previous",
            f"Version {document.version} "
            + ("replaces nothing." if document.previous else "must say which one it replaces."),
            "`detente agreement draft --amend` sets both.",
        )


def _check_languages(document: Document, reader: Reader) -> None:
    wanted = document.languages
    if len(set(wanted)) != len(wanted):
        reader.fault(("languages",), "text.language", "A language is named twice.", "Name it once.")
    if len(set(document.line.languages)) != len(document.line.languages):
        reader.fault(
            ("line", "languages"), "line.language", "A language is named twice.", "Name it once."
        )
    for path, texts in _texts(document):
        missing = [language for language in wanted if language not in texts]
        extra = [language for language in texts if language not in wanted]
        for language in missing:
            reader.fault(
                path,
                "text.language",
                f"The text is missing in {language!r}, a language of the document.",
                f"Add {language} = “…”, or take {language!r} out of languages.",
            )
        for language in extra:
            reader.fault(
                (*path, language),
                "text.language",
                f"The text stands in {language!r}, which is no language of the document.",
                f"Add {language!r} to languages, and every text in it.",
            )
        for language, text in texts.items():
            if not text.strip():
                reader.fault((*path, language), "text.language", "The text is empty.", "Write it.")


def _texts(document: Document) -> Iterable[tuple[Path, Mapping[str, str]]]:
    yield ("title",), document.title
    for i, party in enumerate(document.parties):
        yield ("parties", i, "name"), party.name
        yield ("parties", i, "legal_ground"), party.legal_ground
        for j, officer in enumerate(party.officers):
            yield ("parties", i, "officers", j, "duty"), officer.duty
    for i, channel in enumerate(document.line.channels):
        yield ("line", "channels", i, "name"), channel.name
    for i, annex in enumerate(document.annexes):
        yield ("annexes", i, "title"), annex.title


def _check_altitudes(document: Document, reader: Reader) -> None:
    area = document.area
    for name, altitude in (("lower", area.lower), ("upper", area.upper)):
        if (altitude.unit == "FL") != (altitude.reference == "STD"):
            reader.fault(
                ("area", name, "reference"),
                "altitude.reference",
                f"{altitude.unit} does not go with {altitude.reference}.",
                "Flight levels (FL) are measured from STD; metres and feet from W84, MSL or AGL.",
            )
    lower, upper = area.lower, area.upper
    if lower.reference == upper.reference and _number(lower) >= _number(upper):
        reader.fault(
            ("area", "upper"),
            "altitude.order",
            "The upper altitude is not above the lower one.",
            "Look at the units, too.",
        )


def _number(altitude: Altitude) -> float:
    factor = {"m": 1.0, "ft": FEET_M, "FL": 100 * FEET_M}[altitude.unit]
    return altitude.value * factor


def _check_parties(document: Document, reader: Reader) -> None:
    parties = document.parties
    if len(parties) < 2:
        reader.fault(
            ("parties",),
            "parties.few",
            "An agreement has at least two parties.",
            "Add a [[parties]] table for each.",
        )
    _check_ids([party.id for party in parties], ("parties",), reader)
    names: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for i, party in enumerate(parties):
        path: Path = ("parties", i)
        _check_ids([officer.id for officer in party.officers], (*path, "officers"), reader)
        for language, name in party.name.items():
            other = names.setdefault(_skeleton(name), party.id)
            if other != party.id:
                reader.fault(
                    (*path, "name", language),
                    "id.confusable",
                    f"The name reads like one of party {other}.",
                    "Give the parties names that cannot be mistaken.",
                )
        for j, address in enumerate(party.addresses):
            at: Path = (*path, "addresses", j)
            _check_address(address, at, reader)
            # A host of two parties would let one answer, and name keys, for the other.
            owner = hosts.setdefault(address.host, party.id)
            if owner != party.id:
                reader.fault(
                    (*at, "host"),
                    "address.shared",
                    f"{address.host} is also a host of party {owner}.",
                    "Each party has hosts of its own.",
                )


def _check_address(address: Address, path: Path, reader: Reader) -> None:
    wrong = host_fault(address.host)
    if wrong is not None:
        reader.fault(
            (*path, "host"),
            "address.host",
            f"{address.host[:80]!r}: {wrong}",
            "Write it like node.a.example.",
        )
    segments = address.path.split("/")
    if not _PREFIX.fullmatch(address.path) or "." in segments or ".." in segments:
        reader.fault(
            (*path, "path"),
            "address.host",
            f"{address.path[:80]!r} is no prefix of a path.",
            "It begins with / and has no empty, . or .. parts, no query and no escapes.",
        )


def _check_ids(ids: Sequence[str], path: Path, reader: Reader) -> None:
    seen: dict[str, str] = {}
    for i, identity in enumerate(ids):
        at = (*path, i, "id")
        if identity in RESERVED:
            reader.fault(
                at, "id.reserved", f"The id {identity} means something else.", "Choose another."
            )
        other = seen.setdefault(_skeleton(identity), identity)
        if other == identity and ids.index(identity) < i:
            reader.fault(at, "id.duplicate", f"The id {identity} is given twice.", "Change one.")
        elif other != identity:
            reader.fault(
                at,
                "id.confusable",
                f"The ids {other} and {identity} look alike.",
                "Choose ids that nobody mistakes for one another.",
            )


def _skeleton(text: str) -> str:
    """What two texts that look alike have in common."""
    folded = text.casefold().replace("rn", "m").replace("vv", "w").replace("cl", "d")
    return "".join(folded.translate(_LOOKS).replace("-", "").split())


def _check_witnessing(document: Document, reader: Reader) -> None:
    neutral = document.witnessing.neutral
    path: Path = ("witnessing", "neutral")
    taken = [party.id for party in document.parties]
    _check_ids([witness.id for witness in neutral], path, reader)
    for i, witness in enumerate(neutral):
        if witness.id in taken:
            reader.fault(
                (*path, i, "id"),
                "id.duplicate",
                f"{witness.id} is also a party.",
                "A neutral witness is nobody's; give it an id of its own.",
            )
        if witness.address is not None:
            _check_address(witness.address, (*path, i, "address"), reader)
    if document.witnessing.neutral_quorum > len(neutral):
        reader.fault(
            ("witnessing", "neutral_needed"),
            "witness.quorum",
            f"{document.witnessing.neutral_quorum} neutral witnesses are needed, and "
            f"{len(neutral)} named.",
            "Name more, or need fewer.",
        )


def _check_line(document: Document, reader: Reader) -> None:
    line = document.line
    within = line.acknowledge_within
    for name, sooner, later in (
        ("distress_s", within.distress_s, within.urgent_s),
        ("urgent_s", within.urgent_s, within.routine_s),
    ):
        if sooner > later:
            reader.fault(
                ("line", "acknowledge_within", name),
                "line.deadlines",
                "What is more urgent has a longer deadline.",
                "distress_s ≤ urgent_s ≤ routine_s.",
            )
    _check_ids([channel.id for channel in line.channels], ("line", "channels"), reader)
    parties = [party.id for party in document.parties]
    steps: dict[str, list[tuple[int, Contact]]] = {party: [] for party in parties}
    for i, contact in enumerate(line.contacts):
        path: Path = ("line", "contacts", i)
        if contact.party not in steps:
            reader.fault(
                (*path, "party"),
                "id.unknown",
                f"There is no party {contact.party}.",
                near(contact.party, parties),
            )
            continue
        _check_contact(document, contact, path, reader)
        steps[contact.party].append((i, contact))
    for party, contacts in steps.items():
        _check_escalation(party, contacts, reader)
        _check_loops(party, contacts, reader)


def _check_contact(document: Document, contact: Contact, path: Path, reader: Reader) -> None:
    party = document.party(contact.party)
    officers = [officer.id for officer in party.officers] if party else []
    for role, identity in (("officer", contact.officer), ("deputy", contact.deputy)):
        if identity not in officers:
            reader.fault(
                (*path, role),
                "id.unknown",
                f"Party {contact.party} has no officer {identity}.",
                near(identity, officers),
            )
    if contact.deputy == contact.officer:
        reader.fault(
            (*path, "deputy"),
            "line.deputy",
            f"{contact.officer} is the deputy of itself.",
            "Urgent messages must not wait for one person: name somebody else.",
        )


def _check_escalation(party: str, contacts: Sequence[tuple[int, Contact]], reader: Reader) -> None:
    if not contacts:
        reader.fault(
            ("line", "contacts"),
            "line.escalation",
            f"Party {party} has no contact.",
            "Add a [[line.contacts]] table for each step of its escalation.",
        )
        return
    before = -1
    for step, (i, contact) in enumerate(contacts):
        if contact.after_s <= before or (step == 0 and contact.after_s != 0):
            reader.fault(
                ("line", "contacts", i, "after_s"),
                "line.escalation",
                f"Step {step + 1} of party {party} begins after {contact.after_s} s.",
                "The first step begins after 0 s, and each later than the one before.",
            )
        before = contact.after_s


def _check_loops(party: str, contacts: Sequence[tuple[int, Contact]], reader: Reader) -> None:
    deputies: dict[str, str] = {}
    for i, contact in contacts:
        deputies.setdefault(contact.officer, contact.deputy)
        seen = [contact.officer]
        following = contact.deputy
        while following in deputies and following not in seen:
            seen.append(following)
            following = deputies[following]
        if following == contact.officer and len(seen) > 1:
            circle = ", ".join([*seen, following])
            reader.fault(
                ("line", "contacts", i, "deputy"),
                "line.deputy_loop",
                f"In party {party} deputies stand in for each other: {circle}.",
                "When these do not answer nobody else is called: let the last deputy be a post "
                "that is always manned and has no other step.",
            )


def _check_clocks(document: Document, reader: Reader) -> None:
    incidents, retention = document.incidents, document.retention
    if incidents.urgent_answer_within_days > incidents.answer_within_days:
        reader.fault(
            ("incidents", "urgent_answer_within_days"),
            "incidents.order",
            "An urgent answer may take longer than an ordinary one.",
            "Shorten it.",
        )
    needed = max(
        incidents.answer_within_days, incidents.meeting_within_days, incidents.evidence_within_days
    )
    for name, days in (
        ("record_days", retention.record_days),
        ("tracks_days", retention.tracks_days),
        ("recordings_days", retention.recordings_days),
        ("personal_data_days", retention.personal_data_days),
    ):
        if days < needed:
            reader.fault(
                ("retention", name),
                "retention.short",
                f"It is kept for {days} days; the clocks of an incident run for {needed}.",
                "Keep evidence at least as long as it may be asked for.",
            )
    if retention.personal_data_days > retention.record_days:
        reader.fault(
            ("retention", "personal_data_days"),
            "retention.short",
            "Personal data would be kept longer than the record that it stands in.",
            "personal_data_days is at most record_days.",
        )
