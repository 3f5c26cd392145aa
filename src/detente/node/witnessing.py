"""What a record keeps of witnesses: our own witness's anchors, and refusals, ours and others'."""

from __future__ import annotations

from typing import Final

from detente.record import Answer, CosignatureVerifier, Draft, PartyRecord, Query

CHANNEL: Final = "witness"


def who_may_ask(record: PartyRecord) -> tuple[CosignatureVerifier, ...]:
    """Witness keys in force, and those that they have replaced: a successor asks for these, too."""
    now = record.keyring.witnesses(record.head.size)
    known = {key.public_key for key in now}
    ever = [
        key for member in record.terms.members for key in record.keyring.witness_keys(member.id)
    ]
    return (*now, *(key for key in ever if key.public_key not in known))


async def anchors_of(record: PartyRecord, origin: str) -> list[str]:
    """The notes of our anchors for a log: what our own record says that our witness signed."""
    found: list[str] = []
    after: int | None = None
    while True:
        query = Query(kinds=("anchor",), senders=(record.party,))
        page = await record.search(query, limit=500, after=after)
        for entry in page.entries:
            note = None if entry.payload is None else entry.payload.body.get("checkpoint")
            if isinstance(note, str) and note.startswith(f"{origin}\n"):
                found.append(note)
        if page.next is None:
            return found
        after = page.next


async def keep_answer(record: PartyRecord, answer: Answer) -> None:
    """Record what our witness answered: an anchor, or a refusal that is worth telling."""
    if answer.status == 200:
        body = {"checkpoint": answer.note}
        await record.append([(Draft("anchor", CHANNEL, (), body), None)])
    elif answer.telling:
        await record.append(
            [(refusal(answer.origin, answer.size, answer.status, answer.reason), None)]
        )


def refusal(origin: str, size: int, status: int, reason: str) -> Draft:
    """The statement that a cosignature was refused, by us or by another."""
    return Draft(
        "witness-refusal",
        CHANNEL,
        (),
        {"origin": origin, "size": size, "status": status, "reason": reason},
    )
