"""Keys of all parties as they are in force, and how ours are replaced and revoked: by two persons.

A new key is made first (`POST /api/v1/keys`); it means nothing yet. What is approved then names
both keys, to the byte. The others learn of it over the line, which goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from detente.errors import DetenteError
from detente.http import Caller, Endpoint, Request, Response, any_of
from detente.record import Entry, JsonValue, KeyFileUnusable

from .approvals import Approvals
from .context import NodeContext
from .key_changes import (
    KeyUnheard,
    NoSuchKey,
    check_heard,
    key_here,
    keys_in_force,
    make_successor,
    purpose_of,
    replace_key,
    revocation,
)

TAGS: Final = ("keys",)
MANAGE: Final = any_of("keys.manage step-up")
KEYS_STATUSES: Final[Mapping[type[DetenteError], int]] = {NoSuchKey: 404, KeyUnheard: 409}
"""For `build_app(statuses=…)`."""


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key in force.

    Attributes:
        party: whose.
        purpose: `log`, `witness`, `signing` (the node's) or `officer`.
        holder: the officer's id, or null.
        name: in signatures.
        key: all of it, as a C2SP verifier key.
        here: whether its private half is with this node; null of other parties' keys.
    """

    party: str
    purpose: str
    holder: str | None
    name: str
    key: str
    here: bool | None


class KeyViews(msgspec.Struct, frozen=True):
    """All keys in force."""

    keys: list[KeyView]


class NewKeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`replaces`: the key of ours that the new one is for; nothing changes yet."""

    replaces: str


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was made, and is not in force; its private half is with the node's keys."""

    key: str
    replaces: str
    purpose: str


class RotationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `keys` is `{"do": "rotate", "old": …, "new": …}`, with `"force": true`
    if that is given.

    Attributes:
        old: ours, in force.
        new: made for it.
        force: though not every party has what the old key has signed: those refuse it then.
        approval: id of the request.
    """

    old: str
    new: str
    force: bool = False
    approval: str = ""


class RevocationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `keys` is `{"do": "revoke", "key": …, "good_until": …, "reason": …}`.

    Attributes:
        key: ours; in force or replaced before.
        good_until: index of the last entry of our log in which it is believed.
        reason: stands in the record.
    """

    key: str
    good_until: int
    reason: str
    approval: str = ""


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """The entry that states it."""

    id: str
    index: int


def stated(entry: Entry) -> Stated:
    """An entry that was just recorded."""
    if entry.payload is None:
        raise AssertionError("an entry just recorded is whole")
    return Stated(id=str(entry.payload.id), index=entry.index)


def keys_endpoints(context: NodeContext, approvals: Approvals) -> list[Endpoint]:
    """Endpoints under /api/v1/keys."""
    api = _Keys(context, approvals)
    refusals: dict[int, Any] = {403: None, 404: None, 409: None, 422: None, 503: None}
    return [
        Endpoint(
            method="GET",
            path="/api/v1/keys",
            handler=api.all,
            operation_id="listKeys",
            summary="Keys of all parties that are in force.",
            responses={200: KeyViews},
            scopes=any_of("keys.read"),
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/keys",
            handler=api.make,
            operation_id="makeKey",
            summary="Make a key that is to replace one of ours; it is not in force yet.",
            body=NewKeyBody,
            responses={201: NewKey, 404: None, 409: None},
            scopes=MANAGE,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/keys/rotations",
            handler=api.rotate,
            operation_id="rotateKey",
            summary="Replace a key of ours (with a second person's approval).",
            description="From the next entry on the new key is in force. A node's key stays good "
            "for the connections to a party that has not heard of it yet. Refused (409) while a "
            "party has not got what the old key has signed and would refuse it later, unless "
            "`force` says so.",
            body=RotationBody,
            responses={201: Stated, **refusals},
            scopes=MANAGE,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/keys/revocations",
            handler=api.revoke,
            operation_id="revokeKey",
            summary="State that a key of ours is not to be believed (with a second person's "
            "approval).",
            body=RevocationBody,
            responses={201: Stated, **refusals},
            scopes=MANAGE,
            tags=TAGS,
        ),
    ]


class _Keys:
    def __init__(self, context: NodeContext, approvals: Approvals) -> None:
        self._context = context
        self._approvals = approvals

    async def all(self, request: Request[None]) -> Response:
        context, record = self._context, self._context.record
        try:
            signers = await asyncio.to_thread(context.home.signers)
        except KeyFileUnusable:
            signers = []
        private = {signer.public_key for signer in signers}
        views = []
        for member in record.terms.members:
            authors = record.keyring.authors(member.id, record.head.size)
            holders = {author.key.public_key: author.holder for author in authors}
            own = member.id == context.party
            for purpose, key in keys_in_force(record, member.id):
                here = purpose == "witness" or key.public_key in private
                views.append(
                    KeyView(
                        party=member.id,
                        purpose=purpose,
                        holder=holders.get(key.public_key) or None,
                        name=key.name,
                        key=key.to_vkey(),
                        here=here if own else None,
                    )
                )
        return Response(200, KeyViews(views))

    async def make(self, request: Request[NewKeyBody]) -> Response:
        context, replaces = self._context, request.body.replaces
        made = await asyncio.to_thread(make_successor, context.home, context.record, replaces)
        key = made.verifier
        old = next(
            each
            for _, each in keys_in_force(context.record, context.party)
            if each.to_vkey() == replaces
        )
        purpose = purpose_of(context.record, old.public_key)
        facts: dict[str, JsonValue] = {"key": key.to_vkey(), "replaces": replaces}
        await self._note("key-made", request.caller, facts)
        return Response(201, NewKey(key=key.to_vkey(), replaces=replaces, purpose=purpose))

    async def rotate(self, request: Request[RotationBody]) -> Response:
        body, context = request.body, self._context
        action: dict[str, JsonValue] = {"do": "rotate", "old": body.old, "new": body.new}
        before = await asyncio.to_thread(key_here, context.home, body.old)
        after = await asyncio.to_thread(key_here, context.home, body.new)
        purpose = purpose_of(context.record, before.public_key)
        if body.force:
            action["force"] = True
        else:
            await check_heard(context.record, before)
        await self._approvals.consume(request.caller, body.approval, "keys", action)
        entry = await replace_key(context.record, before, after)
        facts: dict[str, JsonValue] = {"old": body.old, "new": body.new, "purpose": purpose}
        if body.force:
            facts["forced"] = True
        await self._note("key-rotated", request.caller, facts)
        return Response(201, stated(entry))

    async def revoke(self, request: Request[RevocationBody]) -> Response:
        body, record = request.body, self._context.record
        action: dict[str, JsonValue] = {
            "do": "revoke",
            "key": body.key,
            "good_until": body.good_until,
            "reason": body.reason,
        }
        draft = revocation(record, body.key, body.good_until, None, body.reason, ())
        await self._approvals.consume(request.caller, body.approval, "keys", action)
        (entry,) = await record.append([(draft, None)])
        facts: dict[str, JsonValue] = {"key": body.key, "good_until": body.good_until}
        await self._note("key-revoked", request.caller, facts)
        return Response(201, stated(entry))

    async def _note(self, what: str, caller: Caller, facts: dict[str, JsonValue]) -> None:
        await self._context.note_security(what, caller.sub, session=caller.session, **facts)
