"""What a node's /metrics says, read as a program on its machine reads it."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families
from tests.support.nodes import NodeUnderTest


class Measured:
    """All values of one reading."""

    def __init__(self, page: str) -> None:
        self._values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        """The value of one series, `detente_` left out.

        Raises:
            KeyError: there is none.
        """
        return self._values[f"detente_{name}", frozenset(labels.items())]

    def all(self, name: str, by: str, **labels: str) -> Mapping[str, float]:
        """The values of the series that have these labels, by another label."""
        return {
            dict(given)[by]: value
            for (told, given), value in self._values.items()
            if told == f"detente_{name}" and labels.items() <= dict(given).items()
        }


async def measured(node: NodeUnderTest) -> Measured:
    """Read them, without a session."""
    async with node.client({}) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Measured(answer.text)
