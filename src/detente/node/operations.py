"""Operations of one part of the officers' interface, declared without what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detente.http import Endpoint, QueryParameter
from detente.http.endpoint import Handler, Scopes


@dataclass(frozen=True, slots=True)
class Operations:
    """Makes endpoints with the same tag, whose path parameters mean the same everywhere.

    Attributes:
        tag: heading in the manual.
        path_help: what each path parameter is, by name.
    """

    tag: str
    path_help: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        path: str,
        handler: Handler,
        operation_id: str,
        summary: str,
        scopes: Scopes,
        responses: Mapping[int, type[msgspec.Struct] | None],
        *,
        body: type[Any] | None = None,
        query: Sequence[QueryParameter] = (),
        description: str = "",
        public: bool = False,
    ) -> Endpoint:
        """One of them; see `Endpoint`."""
        named = {name: text for name, text in self.path_help.items() if f"{{{name}}}" in path}
        return Endpoint(
            method=method,
            path=path,
            handler=handler,
            operation_id=operation_id,
            summary=summary,
            scopes=scopes,
            responses=responses,
            body=body,
            query=query,
            description=description,
            public=public,
            path_help=named,
            tags=(self.tag,),
        )
