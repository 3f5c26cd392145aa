"""From facts to sentences: what is proven, by whom, and what is not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from detente.formats import RECORD_KINDS

from .facts import Facts
from .heads import Head
from .payload import Item
from .phrases import Language, say
from .report import CheckpointShown, ItemShown, Names, PartyShown, Report, Sentence
from .ring import Slot
from .strictjson import Json, canonical
from .timestamps import openssl_command

ITEMS_SHOWN: Final = 1000
"""Messages told one by one in a report."""

_BOOKKEEPING: Final = frozenset(RECORD_KINDS) - {"suspension", "resumption", "withdrawal"}
"""Kinds that no message is of: the others are what a party says to another."""

EVENTS_SHOWN: Final = 100
"""Changes of keys, erasures and refusals told one by one."""


def name_of(names: Names, fallback: str, language: Language) -> str:
    """A party's name in a language, or in one that there is."""
    return names.get(language) or names.get("en") or next(iter(names.values()), "") or fallback


def make_report(
    name: str, facts: Facts, accept: str, agreement: str | None, keys: tuple[str, ...]
) -> Report:
    """The report on what was found."""
    stated, newest = facts.manifest, facts.newest
    proven = facts.findings.errors == 0
    parties = _parties(facts, agreement is not None, frozenset(keys))
    pinned = bool(parties) and all(party.pinned for party in parties)
    messages = [entry for entry in facts.items if entry[0].kind not in _BOOKKEEPING]
    created = [item.created for item, _, _ in facts.items]
    kinds = Counter(item.kind for item, _, _ in facts.items)
    return Report(
        bundle=name,
        proven=proven,
        exit_code=0 if proven else 1,
        grade=facts.grade,
        accepted=accept,
        agreement_id=newest.id if newest else "",
        agreement_sha256=newest.sha256 if newest else "",
        agreement_version=newest.version if newest else 0,
        agreement_title=newest.title if newest else {},
        pinned=pinned,
        origin=stated.origin if stated else "",
        party=stated.party if stated else "",
        scope=stated.scope if stated else "",
        size=stated.size if stated else 0,
        item_count=len(facts.shown),
        erased_count=len(facts.erased),
        withheld_blobs=len(stated.withheld_blobs) if stated else 0,
        kinds=dict(sorted(kinds.items())),
        first=min(created, default=""),
        last=max(created, default=""),
        exported_at=stated.exported_at if stated else "",
        exported_by=stated.exported_by if stated else (),
        parties=parties,
        checkpoints=tuple(_checkpoint(head, facts) for head in facts.heads),
        items=tuple(_item(*entry, facts) for entry in messages[:ITEMS_SHOWN]),
        message_count=len(messages),
        findings=tuple(facts.findings.kept),
        finding_counts=dict(sorted(facts.findings.counts.items())),
        statements=tuple(_statements(facts, parties)) if proven else (),
        limits=tuple(_limits(facts, pinned, parties)),
    )


def _parties(facts: Facts, pinned: bool, keys: frozenset[str]) -> tuple[PartyShown, ...]:
    if facts.newest is None:
        return ()
    # A pin that is wrong is a finding; then nothing counts as pinned.
    pinned = pinned and not facts.findings.counts["agreement.pinned"]
    signers = _signers(facts, keys)
    return tuple(
        PartyShown(
            party.id,
            party.names,
            tuple((key.key.name, key.holder) for key in party.keys if key.purpose == "officer"),
            pinned or party.id in signers,
        )
        for party in facts.newest.parties
    )


def _signers(facts: Facts, keys: frozenset[str]) -> set[str]:
    """Parties that signed a version with one of these keys.

    That a key merely stands in the agreement says nothing of the others beside it: anybody can put
    a party's true public key among keys of his own.
    """
    versions = [version for _, version in facts.ring.versions] if facts.ring else []
    return {
        key.party
        for version in versions
        for key in version.keys
        for signature in version.envelope.signatures
        if key.key.vkey in keys
        and signature.keyid == key.key.name
        and key.key.verifies(version.envelope.pae, signature.sig)
    }


def _checkpoint(head: Head, facts: Facts) -> CheckpointShown:
    size = head.checkpoint.size
    stamps = [stamp.time or "not checked" for stamp in facts.stamps if stamp.size == size]
    cosigners = [(name, "party", time_s) for name, time_s in head.parties.items()]
    cosigners += [(name, "neutral", time_s) for name, time_s in head.neutral.items()]
    root = head.checkpoint.root.hex()
    return CheckpointShown(size, root, tuple(cosigners), head.quorum, tuple(stamps))


def _item(item: Item, slot: Slot, believed: bool, facts: Facts) -> ItemShown:
    return ItemShown(
        item.position,
        item.id,
        item.kind,
        item.sender,
        item.author,
        slot.entry.holder,
        item.channel,
        item.created,
        item.status,
        item.payload_sha256,
        facts.grades.of(item.position),
        tuple(facts.answers.receipts.get(item.id, ())),
        tuple(facts.answers.acknowledgements.get(item.id, ())),
        believed,
    )


class _Names:
    """Party names in one language."""

    def __init__(self, parties: tuple[PartyShown, ...], language: Language) -> None:
        self.language = language
        self.names: Mapping[str, str] = {
            party.id: name_of(party.names, party.id, language) for party in parties
        }

    def __call__(self, party: str) -> str:
        return self.names.get(party, party)


def both(key: str, **values: str | int) -> Sentence:
    """A sentence whose values are the same in both languages."""
    return Sentence(say(key, "en", **values), say(key, "fr", **values))


def _named(key: str, parties: tuple[PartyShown, ...], party: str, **values: str | int) -> Sentence:
    en, fr = _Names(parties, "en"), _Names(parties, "fr")
    return Sentence(
        say(key, "en", party=en(party), **values), say(key, "fr", party=fr(party), **values)
    )


def posix_time(time_s: int) -> str:
    """UTC, or the number itself where a calendar has no such year."""
    if time_s >= 253_402_300_800:
        return str(time_s)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_s))


def _statements(facts: Facts, parties: tuple[PartyShown, ...]) -> Iterator[Sentence]:
    stated, newest = facts.manifest, facts.newest
    if stated is None or newest is None:
        return
    en, fr = _Names(parties, "en"), _Names(parties, "fr")
    version = newest.version
    yield Sentence(
        say("agreed", "en", parties=", ".join(map(en, en.names)), version=version),
        say("agreed", "fr", parties=", ".join(map(fr, fr.names)), version=version),
    )
    yield _named("head", parties, stated.party, size=stated.size)
    yield both("complete" if stated.scope == "full" else "subset")
    cosigned = False
    for head in facts.heads:
        size = head.checkpoint.size
        for party, time_s in head.parties.items():
            cosigned = True
            at = posix_time(time_s)
            yield Sentence(
                say("cosigned", "en", name=en(party), size=size, time=at),
                say("cosigned", "fr", name=fr(party), size=size, time=at),
            )
        for name, time_s in head.neutral.items():
            cosigned = True
            yield both("neutral", name=name, size=size, time=posix_time(time_s))
    for stamp in facts.stamps:
        if stamp.time:
            yield both("stamped", size=stamp.size, time=stamp.time)
    if cosigned:
        yield both("rewritten")
    if facts.anchors:
        yield both("anchors", count=facts.anchors)
    events = list(_events(facts, parties))
    yield from events[:EVENTS_SHOWN]
    if len(events) > EVENTS_SHOWN:
        yield both("event.more", count=len(events) - EVENTS_SHOWN)
    yield from _clocks(facts, parties)


def _events(facts: Facts, parties: tuple[PartyShown, ...]) -> Iterator[Sentence]:
    """What became of keys, content and cosignatures, as the parties themselves state it."""
    by_index = {item.position: item for item, _, _ in facts.items}
    for item, _, believed in facts.items:
        phrase = _EVENTS.get(item.kind)
        if phrase is None or not believed:
            continue
        told = _texts(item)
        if item.kind == "key-rotation":
            phrase = f"{phrase}.{told['purpose']}"
        yield _named(phrase, parties, item.sender, at=item.position, **told)
    for entry in facts.erased:
        by = by_index.get(entry.by)
        if by is not None:
            told = {**_texts(by), "index": str(entry.position)}
            yield _named("event.erasure", parties, by.sender, at=by.position, **told)


def _clocks(facts: Facts, parties: tuple[PartyShown, ...]) -> Iterator[Sentence]:
    """How many statements there are on each party's clock, and the largest error among them."""
    stated: dict[str, list[tuple[float, Item]]] = {}
    for item, _, believed in facts.items:
        offset, spread = (_number(item.body.get(name)) for name in ("offset_ms", "uncertainty_ms"))
        if item.kind == "clock" and believed and offset is not None and spread is not None:
            stated.setdefault(item.sender, []).append((abs(offset) + spread, item))
    for party, found in stated.items():
        worst = max(found, key=lambda each: each[0])[1]
        told = _texts(worst)
        en = _named("event.clock", parties, party, count=len(found), at=worst.position, **told).en
        told |= {name: told[name].replace(".", ",") for name in ("offset_ms", "uncertainty_ms")}
        fr = _named("event.clock", parties, party, count=len(found), at=worst.position, **told).fr
        yield Sentence(en, fr)


_EVENTS: Final = {
    "key-rotation": "event.rotation",
    "key-revocation": "event.revocation",
    "witness-refusal": "event.refusal",
}
_TEXTS: Final = ("purpose", "origin", "ground", "reason", "source")
_KEYS: Final = ("new", "key")
_NUMBERS: Final = ("good_until_index", "size", "offset_ms", "uncertainty_ms")


def _texts(item: Item) -> dict[str, str]:
    """What sentences say of a body; not every kind's was checked, so what is missing is a "?"."""
    told: dict[str, str] = {}
    for name in _TEXTS:
        value = item.body.get(name)
        told[name] = value if isinstance(value, str) else "?"
    for name in _KEYS:
        value = item.body.get(name)
        # Name and id, without the key itself.
        told[f"{name}_vkey"] = "+".join(value.split("+")[:2]) if isinstance(value, str) else "?"
    for name in _NUMBERS:
        number = _number(item.body.get(name))
        told[name] = "?" if number is None else canonical(number).decode()
    return told


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def item_sentences(item: ItemShown, parties: tuple[PartyShown, ...]) -> list[Sentence]:
    """What is proven about one message."""
    values: dict[str, str | int] = {
        "index": item.index,
        "kind": item.kind,
        "channel": item.channel,
        "time": item.created,
    }
    if item.holder:
        first = _named("item.officer", parties, item.sender, holder=item.holder, **values)
    else:
        first = _named("item", parties, item.sender, author=item.author, **values)
    sentences = [first]
    if item.status != "actual":
        sentences.append(both("item.status", status=item.status))
    for party, origin, index in item.receipts:
        sentences.append(_named("item.receipt", parties, party, origin=origin, index=index))
    for party, author, holder, index in item.acknowledgements:
        who = holder or author
        sentences.append(_named("item.acknowledgement", parties, party, holder=who, index=index))
    if not item.believed:
        sentences.append(both("item.unbelieved"))
    return sentences


def _limits(facts: Facts, pinned: bool, parties: tuple[PartyShown, ...]) -> Iterator[Sentence]:
    if not pinned:
        yield both("limit.pinned", sha256=facts.newest.sha256 if facts.newest else "?")
    if facts.grade in ("single", "timestamped", "third-party"):
        # Cosignatures may cover the beginning only, such as all but the export's own entry.
        cosigned = max((head.checkpoint.size for head in facts.heads if head.parties), default=0)
        if cosigned:
            yield both("limit.partly", size=cosigned)
        else:
            yield both("limit.single")
    elif facts.grade and facts.manifest is not None and facts.newest is not None:
        for party in facts.newest.parties:
            seen = [head.checkpoint.size for head in facts.heads if party.id in head.parties]
            if party.id != facts.manifest.party and max(seen, default=0) <= max(facts.shown):
                yield _named("limit.absent", parties, party.id)
    yield both("limit.truth")
    yield both("limit.withheld")
    if facts.manifest is not None and facts.manifest.scope == "subset":
        yield both("limit.subset")
    if facts.anchors_unheld:
        yield both("limit.anchors", count=facts.anchors_unheld)
    checked = any(stamp.time for stamp in facts.stamps)
    yield both("limit.stamped" if checked else "limit.clock")
    for stamp in facts.stamps:
        if not stamp.time:
            command = openssl_command(stamp.size)
            yield both("limit.unchecked", size=stamp.size, command=command)
    yield both("limit.collusion")
    yield both("limit.missing")
    yield both("limit.keys")
    unbelieved = sum(not believed for _, _, believed in facts.items)
    if unbelieved:
        yield both("limit.believed", count=unbelieved)
    if facts.erased:
        yield both("limit.erased", count=len(facts.erased))
    if facts.gaps:
        yield both("limit.gaps", count=facts.gaps)
    if facts.manifest is not None and facts.manifest.withheld_blobs:
        yield both("limit.blobs", count=len(facts.manifest.withheld_blobs))
