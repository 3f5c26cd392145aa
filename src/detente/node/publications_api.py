"""What a party publishes: bulletins in English and French, signed, on record, by two persons.

Whoever wants to may read them, without an account. A bulletin is never changed: another one, which
says that it corrects the first, takes its place.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from detente.http import BadRequest, Endpoint, NotFound, QueryParameter, Request, Response, any_of
from detente.record import Draft, Entry, JsonValue, Query, Reference
from detente.record.ijson import format_time

from .approvals import Approvals
from .context import NodeContext

KIND: Final = "publication"
CHANNEL: Final = "own/publications"
CORRECTS: Final = "corrects"
TITLE_MAX: Final = 300
TEXT_MAX: Final = 20_000
PAGE: Final = 50
TAGS: Final = ("publications",)


class Bulletin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in both languages."""

    en: str
    fr: str


class PublicationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `publish` is `{"do": "publish", "title": …, "text": …, "corrects": …}`.

    Attributes:
        title, text: what is published.
        corrects: id of a publication whose place it takes, or null.
    """

    title: Bulletin
    text: Bulletin
    corrects: str | None = None
    approval: str = ""

    def content(self) -> dict[str, JsonValue]:
        """What is signed."""
        return {
            "title": {"en": self.title.en, "fr": self.title.fr},
            "text": {"en": self.text.en, "fr": self.text.fr},
        }


class PublicationView(msgspec.Struct, frozen=True, kw_only=True):
    """A publication; `index` and `sha256` find its signed form in the party's record."""

    id: str
    index: int
    party: str
    published: str
    title: Bulletin
    text: Bulletin
    corrects: str | None
    sha256: str


class PublicationViews(msgspec.Struct, frozen=True, kw_only=True):
    """Publications, the newest first; `next`: give it as `before` for the next page."""

    publications: list[PublicationView]
    next: int | None


def publications_endpoints(context: NodeContext, approvals: Approvals) -> list[Endpoint]:
    """Endpoints under /api/v1/publications."""
    api = _Publications(context, approvals)
    refusals: dict[int, Any] = {403: None, 404: None, 409: None, 422: None, 503: None}
    return [
        Endpoint(
            method="GET",
            path="/api/v1/publications",
            handler=api.all,
            operation_id="listPublications",
            summary="What the party has published.",
            responses={200: PublicationViews},
            query=(QueryParameter(name="before", help="Only those before the one at this index."),),
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/publications",
            handler=api.publish,
            operation_id="publish",
            summary="Publish a bulletin (with a second person's approval).",
            body=PublicationBody,
            responses={201: PublicationView, **refusals},
            scopes=any_of("publish step-up"),
            tags=TAGS,
        ),
    ]


class _Publications:
    def __init__(self, context: NodeContext, approvals: Approvals) -> None:
        self._context = context
        self._approvals = approvals

    async def all(self, request: Request[None]) -> Response:
        text = request.query.get("before")
        if text is not None and not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise BadRequest("before is a whole number.", where="before")
        last = None if text is None else int(text) - 1
        if last == -1:
            return Response(200, PublicationViews(publications=[], next=None))
        query = Query(kinds=(KIND,), senders=(self._context.party,), last=last, newest_first=True)
        page = await self._context.record.search(query, limit=PAGE)
        views = [self._view(entry) for entry in page.entries if entry.payload is not None]
        following = views[-1].index if len(page.entries) == PAGE and views else None
        return Response(200, PublicationViews(publications=views, next=following))

    async def publish(self, request: Request[PublicationBody]) -> Response:
        body, caller, context = request.body, request.caller, self._context
        for name, text, most in (
            ("title", body.title, TITLE_MAX),
            ("text", body.text, TEXT_MAX),
        ):
            for value in (text.en, text.fr):
                if not 1 <= len(value.strip()) <= most:
                    raise BadRequest(f"1 to {most} characters in each language.", where=name)
        refs = () if body.corrects is None else (await self._corrected(body.corrects),)
        action: dict[str, JsonValue] = {
            "do": "publish",
            **body.content(),
            "corrects": body.corrects,
        }
        # By the key of whoever publishes: who may, is an officer of the agreement.
        signer = context.officer_signer(caller.sub)
        await self._approvals.consume(caller, body.approval, "publish", action)
        draft = Draft(KIND, CHANNEL, (), body.content(), refs)
        (entry,) = await context.record.append([(draft, signer)])
        return Response(201, self._view(entry))

    async def _corrected(self, identity: str) -> Reference:
        entry = await self._context.record.by_id(identity)
        payload = None if entry is None else entry.payload
        if (
            entry is None
            or payload is None
            or payload.kind != KIND
            or payload.sender != self._context.party
        ):
            raise NotFound("There is no such publication of ours.", where="corrects")
        return Reference(payload.id, CORRECTS, _sha256(entry))

    def _view(self, entry: Entry) -> PublicationView:
        payload = entry.payload
        if payload is None:
            raise AssertionError("erased entries were left out")
        title: Any = payload.body["title"]
        text: Any = payload.body["text"]
        corrects = [str(ref.id) for ref in payload.refs if ref.rel == CORRECTS]
        return PublicationView(
            id=str(payload.id),
            index=entry.index,
            party=payload.sender,
            published=format_time(payload.created),
            title=Bulletin(en=str(title["en"]), fr=str(title["fr"])),
            text=Bulletin(en=str(text["en"]), fr=str(text["fr"])),
            corrects=corrects[0] if corrects else None,
            sha256=_sha256(entry).hex(),
        )


def _sha256(entry: Entry) -> bytes:
    if entry.envelope is None:
        raise AssertionError("erased entries were left out")
    return hashlib.sha256(entry.envelope.payload).digest()
