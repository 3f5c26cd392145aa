"""What is shown of thousands of messages that wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.support.agreements import enrolled

from detente.agreement import Document, load_agreement
from detente.line import Waiting
from detente.node.pressing import pressing

NOW = datetime(2026, 12, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    world = enrolled(tmp_path_factory.mktemp("agreed"))
    world.sign_all()
    return load_agreement(world.agreement).document


def waits(number: int, urgency: str = "routine", sender: str = "b", party: str = "a") -> Waiting:
    created = NOW + timedelta(seconds=number)
    return Waiting(f"{sender}-{number}", sender, party, urgency, "actual", created, created)


def test_all_are_shown_while_they_are_few(document: Document) -> None:
    few = [waits(1), waits(2, "urgent"), waits(3, sender="a", party="b")]
    assert pressing(few, document) == (few, {})


def test_who_sends_too_much_hides_neither_others_nor_what_is_urgent(document: Document) -> None:
    flood = [waits(number) for number in range(1000)]
    help_ = waits(2000, "distress")
    others = [waits(number, sender="c") for number in range(9)]
    shown, left_out = pressing([*flood, help_, *others], document, most=10)
    assert shown == [*flood[:9], help_, *others]
    assert left_out == {"b": 991}
