"""The agreement as officers read it, and how its next version is put in force: by two persons.

Files of a version that everybody has signed are handed in first; the node says what is wrong with
them, or what would change. What is approved then is that version's hash.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from detente.agreement import (
    Agreement,
    AgreementUnusable,
    Change,
    diff,
    load_agreement,
    record_files,
    sections,
)
from detente.errors import DetenteError
from detente.http import BadBody, Endpoint, NotFound, QueryParameter, Request, Response, any_of
from detente.record import JsonValue
from detente.record.ijson import format_time
from detente.words import Words

from .approvals import Approvals
from .context import NodeContext
from .home import RecordDirectoryUnusable
from .kept_agreement import NotInForce, in_force, keeping_agreement
from .keys_api import Stated, stated
from .whole_files import write_whole

PROPOSED: Final = "proposed"
PROPOSED_MAX: Final = 5
FILES_MAX: Final = 200
TAGS: Final = ("agreement",)
READ: Final = any_of("agreement.read")
MANAGE: Final = any_of("agreement.manage step-up")

_NAME: Final = re.compile(r"(?:enrolments/)?[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class AmendmentRefused(DetenteError):
    """What was handed in is not the next version of the agreement: 422."""

    code: ClassVar[str] = "agreement.amendment"


AGREEMENT_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    AgreementUnusable: 422,
    AmendmentRefused: 422,
    NotInForce: 422,
    RecordDirectoryUnusable: 503,
}
"""For `build_app(statuses=…)`."""


class InBoth(msgspec.Struct, frozen=True):
    """A text in English and French."""

    en: str
    fr: str

    @classmethod
    def of(cls, words: Words) -> InBoth:
        """Words as they are sent."""
        return cls(words.en, words.fr)


class AgreementRow(msgspec.Struct, frozen=True):
    """What, and how much."""

    label: InBoth
    value: InBoth


class AgreementSection(msgspec.Struct, frozen=True):
    """A part of the agreement; `key` is the same in every version."""

    key: str
    title: InBoth
    rows: list[AgreementRow]


class AgreementView(msgspec.Struct, frozen=True, kw_only=True):
    """The version in force, in words.

    Attributes:
        id: name of the agreement.
        version: counted from 1.
        sha256: what everybody has signed.
        begins, ends: its period.
        sections: everything that is signed.
        files: names of what belongs to it; see `getAgreementFile`.
    """

    id: str
    version: int
    sha256: str
    begins: str
    ends: str
    sections: list[AgreementSection]
    files: list[str]


class FilesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The directory of a signed agreement: name to bytes in base64."""

    files: dict[str, str]


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `old` or `new` is null where there is none."""

    section: InBoth
    label: InBoth
    old: InBoth | None
    new: InBoth | None


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """A version that can be put in force, and what would change."""

    version: int
    sha256: str
    changes: list[ChangeView]


class AmendmentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `agreement` is `{"do": "amend", "version": …, "sha256": …}`."""

    sha256: str
    approval: str = ""


def agreement_endpoints(
    context: NodeContext, approvals: Approvals, renew: Callable[[], object]
) -> list[Endpoint]:
    """Endpoints under /api/v1/agreement.

    Args:
        renew: has the node start again within its process, once the answer is out.
    """
    api = _AgreementApi(context, approvals, renew)
    return [
        Endpoint(
            method="GET",
            path="/api/v1/agreement",
            handler=api.show,
            operation_id="getAgreement",
            summary="The agreement in force, in words.",
            responses={200: AgreementView},
            scopes=READ,
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/agreement/file",
            handler=api.file,
            operation_id="getAgreementFile",
            summary="A file of the agreement, such as its area.",
            responses={200: None, 404: None},
            query=(QueryParameter(name="name", help="Its name.", required=True),),
            scopes=READ,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/agreement/proposed",
            handler=api.propose,
            operation_id="handInAgreement",
            summary="Hand in the next version, signed by everybody; see what would change.",
            body=FilesBody,
            responses={200: Proposed, 422: None},
            scopes=MANAGE,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/agreement/amendments",
            handler=api.amend,
            operation_id="amendAgreement",
            summary="Put a version that was handed in in force (with a second person's approval).",
            description="The node starts again within its process: streams end and can be taken up "
            "where they were. Each party does this for itself.",
            body=AmendmentBody,
            responses={201: Stated, 403: None, 404: None, 409: None, 422: None, 503: None},
            scopes=MANAGE,
            tags=TAGS,
        ),
    ]


class _AgreementApi:
    def __init__(
        self, context: NodeContext, approvals: Approvals, renew: Callable[[], object]
    ) -> None:
        self._context = context
        self._approvals = approvals
        self._renew = renew
        self._place = context.home.directory / PROPOSED
        self._turn = asyncio.Lock()

    async def show(self, request: Request[None]) -> Response:
        return Response(200, _view(self._context.agreement()))

    async def file(self, request: Request[None]) -> Response:
        agreement = self._context.agreement()
        data = agreement.files.get(request.query["name"])
        if data is None:
            raise NotFound("The agreement has no such file.")
        return Response(200, data, content_type=b"application/octet-stream")

    async def propose(self, request: Request[FilesBody]) -> Response:
        files = _decoded(request.body.files)
        async with self._turn:
            new = await asyncio.to_thread(self._keep, files)
        changes = await asyncio.to_thread(diff, self._context.agreement(), new)
        return Response(
            200,
            Proposed(
                version=new.document.version,
                sha256=new.sha256,
                changes=[_change(each) for each in changes],
            ),
        )

    async def amend(self, request: Request[AmendmentBody]) -> Response:
        body, context, caller = request.body, self._context, request.caller
        place = self._place / body.sha256
        if not _SHA256.fullmatch(body.sha256) or not place.is_dir():
            raise NotFound("No such version was handed in here.")
        async with self._turn:
            new = await asyncio.to_thread(self._fitting, place)
            terms = new.terms()
            action: dict[str, JsonValue] = {
                "do": "amend",
                "version": terms.version,
                "sha256": body.sha256,
            }
            await self._approvals.consume(caller, body.approval, "agreement", action)
            # The copy comes first: a record that names a version must have it to be opened.
            with keeping_agreement(context.home, place, terms.version):
                entry = await context.record.amend(terms, record_files(new))
        await context.note_security(
            "agreement-amended",
            caller.sub,
            session=caller.session,
            version=terms.version,
            sha256=body.sha256,
        )
        self._renew()
        return Response(201, stated(entry))

    def _keep(self, files: Mapping[str, bytes]) -> Agreement:
        made = self._place / f".{secrets.token_hex(8)}"
        try:
            for name, data in files.items():
                path = made / name
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_whole(path, data)
            new = self._fitting(made)
            target = self._place / new.sha256
            if not target.exists():
                made.rename(target)
            self._tidy(target)
            return new
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _fitting(self, place: Path) -> Agreement:
        """Raises AgreementUnusable, NotInForce, AmendmentRefused."""
        load_agreement(place)  # with everything that is wrong, before who has signed
        new, now = in_force(place), self._context.record.terms
        if (new.id, new.document.version) != (now.agreement, now.version + 1):
            raise AmendmentRefused(
                f"It is version {new.document.version} of {new.id!r}.",
                advice=f"Hand in version {now.version + 1} of {now.agreement!r}.",
            )
        if new.document.party(self._context.party) is None:
            raise AmendmentRefused("Our own party is not in it.")
        return new

    def _tidy(self, newest: Path) -> None:
        """Keep a few: whoever may hand versions in must not fill the disk with them."""
        kept = sorted(self._place.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[PROPOSED_MAX:]:
            if path != newest:
                shutil.rmtree(path, ignore_errors=True)


def _decoded(files: Mapping[str, str]) -> dict[str, bytes]:
    if len(files) > FILES_MAX:
        raise BadBody(f"More than {FILES_MAX} files.", where="files")
    found = {}
    for name, text in files.items():
        if not _NAME.fullmatch(name):
            raise BadBody("This is no name of a file of an agreement.", where="files")
        try:
            found[name] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise BadBody("It is not base64.", where=f"files.{name}") from None
    return found


def _view(agreement: Agreement) -> AgreementView:
    document = agreement.document
    return AgreementView(
        id=agreement.id,
        version=document.version,
        sha256=agreement.sha256,
        begins=format_time(document.period.from_),
        ends=format_time(document.period.until),
        sections=[
            AgreementSection(
                section.key,
                InBoth.of(section.title),
                [AgreementRow(InBoth.of(row.label), InBoth.of(row.value)) for row in section.rows],
            )
            for section in sections(agreement)
        ],
        files=list(agreement.files),
    )


def _change(change: Change) -> ChangeView:
    def words(found: Words | None) -> InBoth | None:
        return None if found is None else InBoth.of(found)

    return ChangeView(
        section=InBoth.of(change.section),
        label=InBoth.of(change.label),
        old=words(change.old),
        new=words(change.new),
    )
