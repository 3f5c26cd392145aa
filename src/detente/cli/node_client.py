"""How commands talk to a node: the client, its options, and errors a person understands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final, TypeVar
from urllib.parse import quote

import click

from detente.cli.node_address import NodeUnreachable as NodeUnreachable
from detente.cli.node_address import node_url, trust_of
from detente.cli.session_file import SavedSession, SessionFile
from detente.errors import DetenteError, one_line, printable

if TYPE_CHECKING:
    import httpx

F = TypeVar("F", bound=Callable[..., Any])
Json = dict[str, Any]

TIMEOUT_S: Final = 30.0
ANSWER_BYTES_MAX: Final = 64 << 20


class NotLoggedIn(DetenteError):
    """There is no session with the node, or it has ended."""

    code: ClassVar[str] = "client.no_session"


class NodeRefused(DetenteError):
    """The node does not do what was asked.

    Attributes:
        status: HTTP status of the answer.
        reason: code of the node's error.
    """

    code: ClassVar[str] = "client.refused"

    def __init__(self, message: str, *, status: int, reason: str, advice: str | None) -> None:
        super().__init__(message, where=reason or None, advice=advice)
        self.status = status
        self.reason = reason


class NodeClient:
    """A client of one node's interface for officers. Use it in a `with` block.

    Args:
        node: base URL.
        session: to send its token; None to log in.
        ca: file of certificates to check the node's against; the session's if None.

    Raises:
        NodeUnreachable: the URL cannot be used, or the certificates cannot.
    """

    def __init__(
        self,
        node: str,
        session: SavedSession | None = None,
        *,
        ca: str | None = None,
    ) -> None:
        import httpx

        self.node = node_url(node)
        self.session = session
        chosen = ca or (None if session is None else session.ca)
        # A later command may run in another directory.
        self._ca = None if chosen is None else str(Path(chosen).absolute())
        self._http = httpx.Client(
            base_url=self.node,
            verify=trust_of(chosen),
            timeout=TIMEOUT_S,
            follow_redirects=False,
            # A proxy from the environment would see the token.
            trust_env=False,
            headers={"user-agent": "detente"},
        )

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Json:
        """What is at a path below /api/v1, as JSON.

        Raises:
            NodeUnreachable, NotLoggedIn, NodeRefused: see these.
        """
        return self._json(self._send("GET", path, query=query))

    def get_text(self, path: str, query: Mapping[str, str | int | None] | None = None) -> str:
        """What is at a path below /api/v1, as text. Raises as `get`."""
        return self._send("GET", path, query=query).text

    def download(self, path: str, target: Path) -> str:
        """Write what is at a path to a file, of any size; its SHA-256 follows. Raises as `get`."""
        with target.open("wb") as file:
            self._send("GET", path, sink=file)
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Ask for something to be done. Raises as `get`."""
        return self._json(self._send("POST", path, body=body))

    def put(self, path: str, body: Mapping[str, Any]) -> Json:
        """Ask for something to become this. Raises as `get`."""
        return self._json(self._send("PUT", path, body=body))

    def delete(self, path: str) -> Json:
        """Ask for something to end. Raises as `get`."""
        return self._json(self._send("DELETE", path))

    def log_in(
        self, officer: str, password: str, *, code: str = "", recovery: str = ""
    ) -> tuple[SavedSession, Json]:
        """A session by password and second factor: a code of the app, or a recovery code.

        Raises:
            NodeUnreachable, NotLoggedIn, NodeRefused: see these.
        """
        body: Json = {"officer": officer, "password": password, "bearer": True}
        body |= {"recovery": recovery} if recovery else {"code": code}
        answer = self._json(self._send("POST", "session", body=body))
        return self._session(answer, officer), answer

    def prove(self, *, password: str = "", code: str = "") -> tuple[SavedSession, Json]:
        """Prove identity again: unlocks the session and allows what needs that, for a few minutes.

        Raises:
            NodeUnreachable, NotLoggedIn, NodeRefused: see these.
        """
        if self.session is None:
            raise not_logged_in(self.node)
        body = {"password": password} if password else {"code": code}
        answer = self._json(self._send("POST", "session/proof", body=body))
        return self._session(answer, self.session.officer), answer

    def _session(self, answer: Json, officer: str) -> SavedSession:
        token = answer.get("token")
        if not isinstance(token, str) or not token:
            raise NodeUnreachable("The node gave no token.", where=self.node)
        old = self.session or SavedSession(self.node, officer, "", self._ca)
        self.session = replace(
            old,
            officer=str(answer.get("officer", officer)),
            token=token,
            ends=str(answer.get("ends", "")),
        )
        return self.session

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        sink: BinaryIO | None = None,
    ) -> httpx.Response:
        import httpx

        headers = {}
        if self.session is not None and self.session.token:
            headers["authorization"] = f"Bearer {self.session.token}"
        request = self._http.build_request(
            method,
            f"/api/v1/{path}",
            params={k: v for k, v in (query or {}).items() if v is not None} or None,
            json=None if body is None else dict(body),
            headers=headers,
        )
        try:
            answer = self._http.send(request, stream=True)
            try:
                size = 0
                parts = []
                for part in answer.iter_bytes():
                    if sink is not None and answer.is_success:
                        sink.write(part)
                        continue
                    size += len(part)
                    if size > ANSWER_BYTES_MAX:
                        raise NodeUnreachable("The answer is too large.", where=self.node)
                    parts.append(part)
            finally:
                answer.close()
                # The token is enough; a cookie beside it would be taken for a browser's.
                self._http.cookies.clear()
        except httpx.HTTPError as error:
            raise _unreachable(self.node, error) from None
        whole = httpx.Response(
            answer.status_code,
            headers={"content-type": answer.headers.get("content-type", "")},
            content=b"".join(parts),
            request=request,
        )
        if not 200 <= whole.status_code < 300:
            raise self._refusal(whole)
        return whole

    def _json(self, answer: httpx.Response) -> Json:
        if answer.status_code == 204 or not answer.content:
            return {}
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise NodeUnreachable(
                "What answers there is no node.", where=self.node, advice="Check the address."
            )
        return found

    def _refusal(self, answer: httpx.Response) -> DetenteError:
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("message"), str):
            return NodeUnreachable(
                f"It answers {answer.status_code}, and not as a node does.",
                where=self.node,
                advice="Check the address.",
            )
        message, reason = said["message"], str(said.get("code", ""))
        if answer.status_code == 401:
            error = not_logged_in(self.node)
            error.message = message
            return error
        advice = None
        if reason == "auth.scope":
            message = "Your session may not do this now."
            advice = (
                "If the session has locked (it does when idle), or your proof of identity is too "
                f"old: `detente node prove`. If not, none of your roles allows it "
                f"({said['message']})"
            )
        return NodeRefused(message, status=answer.status_code, reason=reason, advice=advice)


def not_logged_in(node: str | None) -> NotLoggedIn:
    """What is told where a session is needed."""
    return NotLoggedIn(
        "There is no session with a node." if node is None else "The session has ended.",
        where=node,
        advice="`detente node login`",
    )


def path_of(*segments: str) -> str:
    """A path below /api/v1 of segments that may have any characters."""
    return "/".join(quote(each, safe="") for each in segments)


def node_options(command: F) -> F:
    """`--node`, `--ca-file`, `--session-file`, `--json`: of every command that asks a node."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print it as JSON."),
        click.option(
            "--session-file",
            envvar="DETENTE_NODE_SESSION",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Where sessions are kept. [DETENTE_NODE_SESSION; "
            "default: detente/sessions.json among the settings of the user]",
        ),
        click.option(
            "--ca-file",
            envvar="DETENTE_NODE_CA",
            metavar="FILE",
            help="Certificates (PEM) that the node's is checked against. [DETENTE_NODE_CA; "
            "default: those of the login, then the system's]",
        ),
        click.option(
            "--node",
            "node",
            envvar="DETENTE_NODE",
            metavar="URL",
            help="The node. [DETENTE_NODE; default: the one logged in to last]",
        ),
    ):
        command = option(command)
    return command


def session_file(path: Path | None) -> SessionFile:
    """The session file that was given, or the usual one."""
    return SessionFile.default() if path is None else SessionFile(path)


def connect(node: str | None, ca_file: str | None, path: Path | None) -> NodeClient:
    """A client with the session that there is.

    Raises:
        NotLoggedIn: there is none.
        SessionFileUnusable, NodeUnreachable: see these.
    """
    file = session_file(path)
    wanted = None if node is None else node_url(node)
    session = file.find(wanted)
    if session is None:
        error = not_logged_in(wanted or file.current())
        if wanted is not None:
            error.message = "There is no session with this node."
        raise error
    return NodeClient(session.node, session, ca=ca_file)


def print_json(value: object) -> None:
    """JSON on standard output, for programs; escapes whatever a terminal would obey."""
    click.echo(printable(json.dumps(value, ensure_ascii=False, indent=1)))


def say(text: str = "", *, err: bool = False) -> None:
    """One line on standard output, or error; what strangers wrote in it is made harmless."""
    click.echo(one_line(text), err=err)


def say_lines(text: str) -> None:
    """A page of several lines, as `say`: for what is laid out already, such as minutes."""
    click.echo(printable(text))


def short_time(text: str) -> str:
    """A time of a node's, to the second, in UTC; as it stands if it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if at.tzinfo is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _unreachable(node: str, error: Exception) -> NodeUnreachable:
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return NodeUnreachable(
            "Its certificate is not by an authority that is trusted here.",
            where=node,
            advice="Give the authority's certificate by --ca-file.",
        )
    return NodeUnreachable(
        f"It gives no answer: {text}", where=node, advice="Check the address; is it running?"
    )
