"""Requests that bear an id of their own: the same one again has no effect, and the same answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, Generic, TypeVar

from detente.http import HttpError

KEPT_MAX: Final = 10_000

Answer = TypeVar("Answer")


class RequestIdTaken(HttpError):
    """Another request had this request_id: 409."""

    code: ClassVar[str] = "plan.request_id_taken"
    status: ClassVar[int] = 409


class FirstAnswers(Generic[Answer]):
    """Answers by the id of the request, the newest of them; those under way, too."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[object, asyncio.Task[Answer]]] = OrderedDict()

    async def once(
        self,
        request_id: str,
        content: object,
        carry_out: Callable[[], Coroutine[Any, Any, Answer]],
    ) -> Answer:
        """The answer to the first request of this id; carried out now if this is the first.

        A request that ends in an error has had no answer: it may come again. Whoever stops waiting
        stops nothing.

        Raises:
            RequestIdTaken: that request had another content.
        """
        kept = self._kept.get(request_id)
        if kept is None:
            task = asyncio.create_task(carry_out(), name="flight planning")
            self._kept[request_id] = content, task
            task.add_done_callback(lambda done: self._forget_failed(request_id, done))
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        else:
            first, task = kept
            if first != content:
                raise RequestIdTaken(
                    f"Another request had the request_id {request_id!r}.",
                    advice="Give every new request an id of its own.",
                )
        return await asyncio.shield(task)

    def _forget_failed(self, request_id: str, done: asyncio.Task[Answer]) -> None:
        kept = self._kept.get(request_id)
        failed = done.cancelled() or done.exception() is not None
        if failed and kept is not None and kept[1] is done:
            del self._kept[request_id]
