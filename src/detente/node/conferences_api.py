"""Endpoints of conferences: convening, attendance, proposals and their fate, minutes, dissent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from detente.errors import DetenteError
from detente.http import (
    BadRequest,
    Endpoint,
    ErrorResponse,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.http.endpoint import Scopes
from detente.line import Conference, ConferenceRefused, NoSuchConference
from detente.line.conference_contents import Content
from detente.line.minutes_page import minutes_html, minutes_markdown
from detente.record import format_time
from detente.words import Words, choose, same

from . import conference_bodies as bodies
from . import conference_views as views
from .conference_desk import ConferenceDesk
from .moments import in_utc, moment_of
from .operations import Operations

PATH: Final = "/api/v1/conferences"

CONFERENCE_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    ConferenceRefused: 409,
    NoSuchConference: 404,
}
"""For `build_app(statuses=…)`, with `ROOM_STATUSES`."""

_HTML: Final = b"text/html; charset=utf-8"
_MARKDOWN: Final = b"text/markdown; charset=utf-8"


def conferences_endpoints(desk: ConferenceDesk) -> list[Endpoint]:
    """Operations on conferences."""

    def name_of(party: str) -> Words:
        for member in desk.context.record.terms.members:
            if member.id == party:
                return choose(member.names)
        return same(party)

    async def state(request: Request[Any], make: Callable[[Conference], Content]) -> Response:
        """Record a statement, and answer with the conference as it is then."""
        await desk.state(request.path["conference"], request.caller, make)
        conference = await desk.conference(request.path["conference"])
        return Response(201, views.conference_view(conference))

    async def get_all(request: Request[None]) -> Response:
        found = [views.conference_line(each) for each in await desk.conferences()]
        return Response(200, views.ConferenceLines(conferences=found))

    async def get_one(request: Request[None]) -> Response:
        conference = await desk.conference(request.path["conference"])
        return Response(200, views.conference_view(conference))

    async def convene(request: Request[bodies.NewConference]) -> Response:
        body = request.body
        conference = await desk.convene(
            request.caller,
            title=body.title,
            begins=format_time(in_utc(body.begins, "begins")),
            ends=_time(body.ends, "ends"),
            purpose=body.purpose,
            dial_in=body.dial_in,
            agenda=body.agenda,
            parties=body.parties,
            officers=body.officers,
            room=body.room,
            status=body.status,
        )
        return Response(201, views.conference_view(conference))

    async def change(request: Request[bodies.ConferenceChange]) -> Response:
        body = request.body
        return await state(
            request,
            lambda conference: conference.revise(
                begins=_time(body.begins, "begins"),
                ends=_time(body.ends, "ends"),
                title=body.title,
                purpose=body.purpose,
                dial_in=body.dial_in,
                agenda=body.agenda,
            ),
        )

    async def attend(request: Request[bodies.NewAttendance]) -> Response:
        body = request.body
        return await state(
            request,
            lambda conference: (
                conference.attend(body.people, body.text)
                if body.people
                else conference.decline(body.text)
            ),
        )

    async def propose(request: Request[bodies.NewProposal]) -> Response:
        body = request.body
        return await state(
            request, lambda conference: conference.propose(body.title, body.text, body.item)
        )

    async def get_proposal(request: Request[None]) -> Response:
        conference = await desk.conference(request.path["conference"])
        proposal = conference.proposal(request.path["proposal"])
        receipts = await desk.receipts(proposal.by.position)
        return Response(200, views.proposal_view(conference.id, proposal, receipts))

    async def decide(request: Request[bodies.NewFate]) -> Response:
        body = request.body
        return await state(
            request,
            lambda conference: conference.judge(
                request.path["proposal"], body.fate, body.text, _time(body.until, "until")
            ),
        )

    async def find(request: Request[None]) -> Response:
        query = request.query
        found, ends = await desk.proposals(
            text=query.get("text", ""),
            party=query.get("party"),
            since=_query_time(request, "since"),
            until=_query_time(request, "until"),
        )
        shown = []
        for each in found:
            receipts = await desk.receipts(each.proposal.by.position)
            shown.append(views.proposal_view(each.conference.id, each.proposal, receipts))
        searched = [views.searched_view(each) for each in ends]
        return Response(200, views.ProposalViews(proposals=shown, searched=searched))

    async def write_minutes(request: Request[bodies.NewMinutes]) -> Response:
        body = request.body

        def make(conference: Conference) -> Content:
            if body.document is not None:
                return conference.put_forward(body.document)
            return conference.put_forward(
                conference.draft_minutes(
                    texts=body.texts,
                    decisions=body.decisions,
                    remarks=body.remarks,
                    replaces=body.replaces,
                )
            )

        return await state(request, make)

    async def get_minutes(request: Request[None]) -> Response:
        conference = await desk.conference(request.path["conference"])
        text = conference.minutes_of(request.path["sha256"])
        match request.query.get("as", "json"):
            case "json":
                return Response(200, views.minutes_view(conference, text))
            case "html":
                page = minutes_html(text, name_of).encode()
                return Response(200, page, _SAFE, content_type=_HTML)
            case "markdown-en":
                page = minutes_markdown(text, "en", name_of).encode()
                return Response(200, page, _SAFE, content_type=_MARKDOWN)
            case "markdown-fr":
                page = minutes_markdown(text, "fr", name_of).encode()
                return Response(200, page, _SAFE, content_type=_MARKDOWN)
        raise BadRequest("It is json, html, markdown-en or markdown-fr.", where="as")

    async def sign(request: Request[bodies.NewSignature]) -> Response:
        identity = request.path["conference"]
        text = await desk.sign_minutes(
            identity, request.caller, request.path["sha256"], request.body.approval or None
        )
        return Response(201, views.minutes_view(await desk.conference(identity), text))

    async def dissent(request: Request[bodies.NewDissent]) -> Response:
        body = request.body
        return await state(
            request,
            lambda conference: conference.dissent(
                body.text, minutes=body.minutes, proposal=body.proposal
            ),
        )

    async def close(request: Request[bodies.NewClosing]) -> Response:
        body = request.body
        ended = format_time(in_utc(body.ended or desk.context.clock(), "ended"))
        return await state(request, lambda conference: conference.close(ended, body.text))

    read, take_part = any_of("conference.read"), any_of("conference.write step-up")
    manage = any_of("conference.manage step-up")
    one = PATH + "/{conference}"
    minutes = one + "/minutes/{sha256}"
    return [
        _get(PATH, get_all, "getConferences", "Every conference.", views.ConferenceLines),
        _post(PATH, convene, "conveneConference", _CONVENE, bodies.NewConference, manage),
        _get(one, get_one, "getConference", "A conference, all of it.", views.ConferenceView),
        _post(one, change, "reviseConference", _REVISE, bodies.ConferenceChange, manage),
        _post(
            one + "/attendance", attend, "stateAttendance", _ATTEND, bodies.NewAttendance, manage
        ),
        _post(one + "/proposals", propose, "makeProposal", _PROPOSE, bodies.NewProposal, take_part),
        _get(
            one + "/proposals/{proposal}",
            get_proposal,
            "getProposal",
            "A proposal, its fate, and the receipts that prove who had it.",
            views.ProposalView,
        ),
        _post(
            one + "/proposals/{proposal}/fate",
            decide,
            "decideProposal",
            "Accept, reject or defer another party's proposal, or withdraw our own.",
            bodies.NewFate,
            manage,
        ),
        _post(one + "/minutes", write_minutes, "writeMinutes", _WRITE, bodies.NewMinutes, manage),
        _operation(
            "GET",
            minutes,
            get_minutes,
            "getMinutes",
            "A text of the minutes and its signatures.",
            read,
            {200: views.MinutesView, 400: ErrorResponse, 404: ErrorResponse},
            query=[
                QueryParameter(
                    name="as",
                    help="`json` (if not given), `html` (both languages), `markdown-en` or "
                    "`markdown-fr`.",
                    example="html",
                )
            ],
        ),
        _post(
            minutes + "/signature",
            sign,
            "signMinutes",
            "Sign minutes for our party; a second person must have approved it.",
            bodies.NewSignature,
            any_of("minutes.sign step-up"),
            views.MinutesView,
        ),
        _post(one + "/dissents", dissent, "dissent", _DISSENT, bodies.NewDissent, take_part),
        _post(one + "/close", close, "closeConference", _CLOSE, bodies.NewClosing, manage),
        _operation(
            "GET",
            "/api/v1/proposals",
            find,
            "findProposals",
            "Whether something was ever proposed: proposals of all conferences.",
            read,
            {200: views.ProposalViews, 400: ErrorResponse},
            description="With the receipts that prove who had each, and how much of what every "
            "party stated is here: what is not found in a channel that is complete was not stated.",
            query=[
                QueryParameter(name="text", help="Words in its title or text, in any language."),
                QueryParameter(name="party", help="Who proposed it."),
                QueryParameter(name="since", help="Stated at or after this time (RFC 3339)."),
                QueryParameter(name="until", help="Stated before this time (RFC 3339)."),
            ],
        ),
    ]


_CONVENE: Final = "Convene a conference."
_REVISE: Final = "Change time, title or agenda of a conference that we host."
_ATTEND: Final = "State who of our own people takes part, or decline."
_PROPOSE: Final = "Propose something."
_WRITE: Final = "Put a text of the minutes forward."
_DISSENT: Final = "Note, under an officer's signature, what we do not agree with."
_CLOSE: Final = "State that a conference that we host has ended."

_operation: Final = Operations(
    "conferences",
    {
        "conference": "Id of a conference, such as `a.1f3a9c0d2b7e`.",
        "proposal": "Whose, and its number: `a-3`.",
        "sha256": "SHA-256 of the document, or its first 8 digits or more.",
    },
)

_SAFE: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
)


def _get(
    path: str, handler: Any, operation: str, summary: str, answer: type[msgspec.Struct]
) -> Endpoint:
    return _operation(
        "GET",
        path,
        handler,
        operation,
        summary,
        any_of("conference.read"),
        {200: answer, 404: ErrorResponse} if "{" in path else {200: answer},
    )


def _post(
    path: str,
    handler: Any,
    operation: str,
    summary: str,
    body: type[msgspec.Struct],
    scopes: Scopes,
    answer: type[msgspec.Struct] = views.ConferenceView,
) -> Endpoint:
    refusals = dict.fromkeys((400, 403, 404, 409), ErrorResponse)
    return _operation(
        "POST", path, handler, operation, summary, scopes, {201: answer, **refusals}, body=body
    )


def _time(moment: datetime | None, where: str) -> str | None:
    return None if moment is None else format_time(in_utc(moment, where))


def _query_time(request: Request[None], name: str) -> str | None:
    text = request.query.get(name)
    return None if text is None else format_time(moment_of(text, name))
