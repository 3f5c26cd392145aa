"""A party's own statements about an agreement: suspension, resumption, withdrawal.

Each is an envelope of the record, in a channel of its own, so that the file can be appended to the
record as it is. It says what a party states; whether anything works is another matter, and whether
the others agree a third.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, get_args

from detente.agreement.agreement import Agreement
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.faults import AgreementRefused
from detente.agreement.folder import STATEMENTS, locked, write_file
from detente.agreement.signatures import SIGNING, party_signatures
from detente.record import (
    Draft,
    DsseMalformed,
    Envelope,
    EnvelopeMalformed,
    Payload,
    Signer,
    chain_hash,
    format_time,
    parse_time,
    read_payload,
    seal,
    uuid7,
)

CHANNEL: Final = "standing"
"""Of version 1; see `channel_of`."""
STATEMENTS_MAX: Final = 10_000
_FILE_BYTES_MAX: Final = 64 * 1024
_REASON_MAX: Final = 2_000

Kind = Literal["suspension", "resumption", "withdrawal"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a party states about an agreement, with its signature checked.

    Attributes:
        kind: suspension, resumption or withdrawal.
        party: who states it.
        author: name of the key that signed.
        holder: the officer's id; empty for the node.
        sha256: hash of the agreement that is meant.
        reason: in the party's words.
        since: from when it shall hold.
        created: when the party says that it was made.
        channel: `channel_of` a version.
        seq: its number among the party's statements there.
        digest: what the next one gives as `prev`.
        envelope: as it was signed.
    """

    kind: Kind
    party: str
    author: str
    holder: str
    sha256: str
    reason: str
    since: datetime
    created: datetime
    channel: str
    seq: int
    digest: bytes
    envelope: Envelope


def channel_of(version: int) -> str:
    """The channel of statements about a version of an agreement.

    Each version has its own: its directory begins without statements, and so does whoever has
    joined with it.
    """
    return CHANNEL if version == 1 else f"{CHANNEL}-{version}"


def read_statement(envelope: Envelope, agreement: Agreement) -> Statement:
    """A statement whose author, signature and form are good; its place in the chain is not looked
    at.

    Raises:
        AgreementRefused: says what is wrong with it.
    """
    try:
        payload = read_payload(envelope)
    except (EnvelopeMalformed, DsseMalformed) as error:
        raise AgreementRefused(f"It is no statement: {error}") from error
    channels = (channel_of(version) for version in range(1, agreement.document.version + 1))
    if payload.kind not in KINDS or payload.channel not in channels:
        raise AgreementRefused(f"A {payload.kind} is no statement about an agreement.")
    if payload.agreement != agreement.id:
        raise AgreementRefused(f"It is about the agreement {payload.agreement[:60]!r}.")
    key = _author(agreement, payload)
    if key is None or not key.verify(envelope.pae(), envelope.signatures[0].sig):
        raise AgreementRefused(
            f"It is not signed by a key of party {payload.sender[:60]!r}.",
            advice="Only a party itself can suspend, resume or leave.",
        )
    return recorded_statement(envelope, payload, key.holder)


def recorded_statement(envelope: Envelope, payload: Payload, holder: str) -> Statement:
    """A statement whose author and signature were checked elsewhere, as a record does.

    Raises:
        AgreementRefused: it is of another kind, or not in form.
    """
    if payload.kind not in KINDS:
        raise AgreementRefused(f"A {payload.kind} is no statement about an agreement.")
    sha256, reason, since = (payload.body.get(name) for name in ("sha256", "reason", "from"))
    if set(payload.body) != {"sha256", "reason", "from"} or not (
        isinstance(sha256, str) and isinstance(reason, str) and isinstance(since, str)
    ):
        raise AgreementRefused("It has not the members sha256, reason, from.")
    try:
        begins = parse_time(since)
    except ValueError as error:
        raise AgreementRefused(f"From when it shall hold cannot be read: {error}.") from None
    return Statement(
        kind=payload.kind,
        party=payload.sender,
        author=payload.author,
        holder=holder,
        sha256=sha256,
        reason=reason,
        since=begins,
        created=payload.created,
        channel=payload.channel,
        seq=payload.seq,
        digest=chain_hash(envelope),
        envelope=envelope,
    )


def read_statements(directory: Path, agreement: Agreement) -> tuple[Statement, ...]:
    """Every statement beside an agreement, by party and number.

    Raises:
        AgreementRefused: one cannot be read, is not signed by its party, or the numbers of a party
            have a gap or two of one: something was taken away, or does not belong here.
    """
    place = directory / STATEMENTS
    found: list[Statement] = []
    names = sorted(place.glob("*.dsse.json")) if place.is_dir() else []
    if len(names) > STATEMENTS_MAX:
        raise AgreementRefused(
            f"There are more than {STATEMENTS_MAX} statements.", where=str(place)
        )
    for path in names:
        try:
            with path.open("rb") as file:
                envelope = Envelope.from_json(file.read(_FILE_BYTES_MAX + 1))
            found.append(read_statement(envelope, agreement))
        except OSError as error:
            raise AgreementRefused(
                f"It cannot be read: {error.strerror}.", where=str(path)
            ) from None
        except (DsseMalformed, AgreementRefused) as error:
            raise AgreementRefused(error.message, where=str(path), advice=error.advice) from error
    found.sort(key=lambda each: (each.party, len(each.channel), each.channel, each.seq))
    _check_chains(found, place)
    return tuple(found)


def make_statement(
    directory: Path,
    agreement: Agreement,
    party: str,
    kind: Kind,
    signer: Signer,
    *,
    reason: str,
    since: datetime | None,
    now: datetime,
    random: Callable[[int], bytes],
) -> Path:
    """Sign a statement and put it beside the agreement.

    Args:
        directory: of the agreement.
        agreement: what the statement is about; signed by everybody.
        party: who states it.
        kind: what is stated.
        signer: a key of the party that signs: its node's or an officer's.
        reason: in the party's words; the others read it.
        since: from when it shall hold; at once by default.
        now: the time, UTC.
        random: gives as many random bytes as it is asked for.

    Raises:
        AgreementRefused: the key is not the party's, nothing can be resumed, or it has left.
        AgreementNotWritten: the file cannot be written.
    """
    with locked(directory):
        before = read_statements(directory, agreement)
        unsigned = [each.party for each in party_signatures(agreement) if each.key is None]
        if unsigned:
            raise AgreementRefused(
                f"It is not in force: {', '.join(unsigned)} did not sign.",
                advice="What is not signed binds nobody; there is nothing to suspend or leave.",
            )
        draft = statement_draft(before, agreement, party, kind, reason, since or now)
        channel = draft.channel
        own = [each for each in before if (each.party, each.channel) == (party, channel)]
        last = own[-1] if own else None
        envelope = seal(
            draft,
            signer=signer,
            agreement=agreement.id,
            sender=party,
            sequence=last.seq + 1 if last else 1,
            previous=last.digest if last else None,
            created=now,
            identity=uuid7(int(now.timestamp() * 1000), random(10)),
            salt=random(16),
        )
        made = read_statement(envelope, agreement)
        number = channel.removeprefix(CHANNEL) + f"-{made.seq:04d}"
        target = directory / STATEMENTS / f"{party}{number}-{kind}.dsse.json"
        write_file(target, envelope.to_json(), replace=False)
        return target


def statement_draft(
    before: Sequence[Statement],
    agreement: Agreement,
    party: str,
    kind: Kind,
    reason: str,
    since: datetime,
) -> Draft:
    """A party's next statement about an agreement in force, to be signed by one of its keys.

    Args:
        before: what was stated so far, each party's in its order.
        agreement: what the statement is about.
        party: who states it.
        kind: what is stated.
        reason: in the party's words; the others read it.
        since: from when it shall hold.

    Raises:
        AgreementRefused: there is no reason, nothing can be resumed, or the party has left.
    """
    if len(reason) > _REASON_MAX or not reason.strip():
        raise AgreementRefused(f"A reason has 1 to {_REASON_MAX:,} characters.")
    _check_order(before, agreement, party, kind)
    return Draft(
        kind=kind,
        channel=channel_of(agreement.document.version),
        to=tuple(each.id for each in agreement.document.parties if each.id != party),
        body={"sha256": agreement.sha256, "reason": reason, "from": format_time(since)},
    )


def _check_order(before: Sequence[Statement], agreement: Agreement, party: str, kind: Kind) -> None:
    own = [each.kind for each in before if each.party == party and each.sha256 == agreement.sha256]
    last = own[-1] if own else None
    if last == "withdrawal":
        raise AgreementRefused(
            f"Party {party} has left.", advice="To come back takes a new version, signed by all."
        )
    if kind == "suspension" and last == "suspension":
        raise AgreementRefused(f"Party {party} has suspended it already.")
    if kind == "resumption" and last != "suspension":
        raise AgreementRefused(f"Party {party} has not suspended it.")


def _author(agreement: Agreement, payload: Payload) -> EnrolledKey | None:
    before: Mapping[str, tuple[EnrolledKey, ...]] = (
        agreement.previous.parties if agreement.previous else {}
    )
    for keys in (agreement.keys, before):
        for key in keys.get(payload.sender, ()):
            if key.name == payload.author and key.purpose in SIGNING:
                return key
    return None


def _check_chains(statements: Sequence[Statement], place: Path) -> None:
    last: Statement | None = None
    for each in statements:
        if last is None or (last.party, last.channel) != (each.party, each.channel):
            last = None
        payload = read_payload(each.envelope)
        if each.seq != (last.seq + 1 if last else 1) or payload.prev != (
            last.digest if last else None
        ):
            raise AgreementRefused(
                f"Statement {each.seq} of party {each.party} does not follow the one before it.",
                where=str(place),
                advice="One is missing, or was replaced: ask the party for all of its statements.",
            )
        last = each
