"""Nonces are spent once; nothing is forgotten early, and a clock that goes back changes nothing."""

from __future__ import annotations

import pytest

from detente.http import NonceStore, NonceStoreFull

NOW = 1_800_000_000


def test_a_nonce_is_spent_once() -> None:
    store = NonceStore()
    assert store.spend("a", "n1", NOW + 90, NOW)
    assert not store.spend("a", "n1", NOW + 90, NOW)
    assert not store.spend("a", "n1", NOW + 91, NOW + 1)
    assert store.spend("a", "n2", NOW + 90, NOW)


def test_senders_do_not_share_nonces_nor_places() -> None:
    store = NonceStore(most=2)
    assert store.spend("a", "n1", NOW + 90, NOW)
    assert store.spend("a", "n2", NOW + 90, NOW)
    with pytest.raises(NonceStoreFull):
        store.spend("a", "n3", NOW + 90, NOW)
    assert store.spend("b", "n1", NOW + 90, NOW)


def test_places_come_back_when_the_time_has_passed_and_not_before() -> None:
    store = NonceStore(most=1)
    assert store.spend("a", "n1", NOW + 90, NOW)
    with pytest.raises(NonceStoreFull):
        store.spend("a", "n2", NOW + 180, NOW + 90)
    assert store.spend("a", "n2", NOW + 181, NOW + 91)
    assert len(store) == 1


def test_what_may_have_been_forgotten_is_refused_when_the_clock_goes_back() -> None:
    store = NonceStore()
    assert store.spend("a", "n1", NOW + 90, NOW)
    assert store.spend("a", "n2", NOW + 300, NOW + 200)
    # n1 is forgotten. Our clock goes back to when it would have been good.
    assert not store.spend("a", "n1", NOW + 90, NOW)
    # What nobody can have used yet is still taken.
    assert store.spend("a", "n3", NOW + 250, NOW + 190)
