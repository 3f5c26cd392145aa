"""Which endpoint a method and a path mean.

The path is matched as it was sent, segment by segment, and percent-decoded afterwards, so an
encoded slash never moves a boundary. A path that ends in a slash has an empty last segment, which
a parameter accepts: F3548-21 clients build `.../{id}/` with an empty OVN and expect the endpoint's
own answer. There are no redirects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from detente.http.endpoint import is_parameter
from detente.http.errors import BadRequest, MethodNotAllowed, NotFound

Target = TypeVar("Target")


class _Node(Generic[Target]):
    __slots__ = ("literals", "names", "parameter", "targets")

    def __init__(self) -> None:
        self.literals: dict[bytes, _Node[Target]] = {}
        self.parameter: _Node[Target] | None = None
        self.targets: dict[str, Target] = {}
        self.names: dict[str, tuple[str, ...]] = {}


class PathTable(Generic[Target]):
    """Maps method and path to a target and the path's parameters. Literal segments win."""

    def __init__(self, routes: Iterable[tuple[str, str, Target]]) -> None:
        self._root: _Node[Target] = _Node()
        self._static: dict[tuple[str, bytes], Target] = {}
        for method, template, target in routes:
            self._add(method, template, target)

    def _add(self, method: str, template: str, target: Target) -> None:
        node = self._root
        names: list[str] = []
        for segment in template.split("/"):
            if is_parameter(segment):
                names.append(segment[1:-1])
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.encode("ascii"), _Node())
        if method in node.targets:
            msg = f"two endpoints for {method} {template}"
            raise ValueError(msg)
        node.targets[method] = target
        node.names[method] = tuple(names)
        if not names:
            self._static[method, template.encode("ascii")] = target

    def find(self, method: str, raw_path: bytes) -> tuple[Target, dict[str, str]]:
        """The target for a request; `raw_path` is percent-encoded, without the query.

        Raises:
            NotFound: no endpoint has this path.
            MethodNotAllowed: one does, but not with this method.
            BadRequest: a parameter does not decode to UTF-8 text.
        """
        static = self._static.get((method, raw_path))
        if static is not None:
            return static, {}
        segments = raw_path.split(b"/")
        # Two templates can match one path (`query` and `{id}`): the literal one is asked first.
        reached: list[tuple[_Node[Target], tuple[bytes, ...]]] = [(self._root, ())]
        for segment in segments:
            onward: list[tuple[_Node[Target], tuple[bytes, ...]]] = []
            for node, values in reached:
                literal = node.literals.get(segment)
                if literal is not None:
                    onward.append((literal, values))
                if node.parameter is not None:
                    onward.append((node.parameter, (*values, segment)))
            reached = onward
        for node, values in reached:
            target = node.targets.get(method)
            if target is not None:
                return target, dict(zip(node.names[method], map(_decode, values), strict=True))
        allowed = {name for node, _ in reached for name in node.targets}
        if not allowed:
            raise NotFound("There is nothing at this address.", advice="See /openapi.json.")
        raise MethodNotAllowed(method, allow_header(allowed))

    def methods(self, raw_path: bytes) -> bytes:
        """The `Allow` header of a path.

        Raises:
            NotFound: no endpoint has this path.
        """
        try:
            self.find("", raw_path)
        except MethodNotAllowed as error:
            return error.allow
        raise AssertionError  # no endpoint has the method ""


def allow_header(methods: Iterable[str]) -> bytes:
    """Methods as `Allow` names them, with those that come for free."""
    offered = set(methods) | {"OPTIONS"}
    if "GET" in offered:
        offered.add("HEAD")
    return ", ".join(sorted(offered)).encode("ascii")


def _decode(segment: bytes) -> str:
    try:
        return (unquote_to_bytes(segment) if b"%" in segment else segment).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("A part of the path is not UTF-8 text.") from None
