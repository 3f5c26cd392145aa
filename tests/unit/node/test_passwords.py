"""Passwords: what is accepted, how it is kept, and that guessing cannot take the node's time."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type

from detente.http import Busy
from detente.node.passwords import PasswordRefused, Passwords, check_new

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "text",
    [
        "correct heron battery",
        "ceci n'est pas facile",
        "тихая вода у моста",
        "aB3$xyZ9!qQ7",
        "x" * 7 + "ghkl-2",
    ],
)
def test_long_and_mixed_enough(text: str) -> None:
    assert check_new(text, "a-1", "Anna One", "a") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "elevenchars",
        "x" * 257,
        "aaaaaaaaaaaaaa",
        "abcdefghijklmn",
        "Password123456789",
        "anna one anna one",
        "ANNA ONE a-1 anna one",
        "motdepasse motdepasse",
        "qwertyqwerty1",
        "            ",
    ],
)
def test_what_is_guessed_first(text: str) -> None:
    with pytest.raises(PasswordRefused):
        check_new(text, "a-1", "Anna One", "a")


async def test_argon2id_with_the_parameters_of_the_manual() -> None:
    hashed = await Passwords().hash("seven grey herons")
    found = extract_parameters(hashed)
    assert (found.type, found.time_cost, found.memory_cost, found.parallelism) == (
        Type.ID,
        3,
        65536,
        1,
    )
    assert await Passwords().verify(hashed, "seven grey herons")
    assert not await Passwords().verify(hashed, "seven grey heron")
    assert Passwords(time_cost=4).outdated(hashed)
    assert not Passwords().outdated(hashed)


async def test_who_is_not_there_costs_as_much() -> None:
    passwords = Passwords(time_cost=2, memory_kib=64)
    hashed = await passwords.hash("seven grey herons")
    assert extract_parameters(passwords._nobody) == extract_parameters(hashed)
    assert passwords._nobody != Passwords(time_cost=2, memory_kib=64)._nobody
    # Computed and found to be another, not refused at once as what is no hash.
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(passwords._nobody, "of nobody")
    assert not await passwords.verify(None, "of nobody")


async def test_one_password_however_it_is_typed() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8)
    hashed = await passwords.hash(check_new("cafe\u0301 au bord de l'eau"))
    assert await passwords.verify(hashed, "caf\u00e9 au bord de l'eau")
    assert not await passwords.verify(hashed, "x" * 10_000)
    assert not await passwords.verify(None, "of nobody")
    assert not await passwords.verify("", "of nobody")
    assert not await passwords.verify("not a hash", "x")
    assert not await passwords.verify(hashed, "\ud800")


@pytest.mark.parametrize("who", [0, 4], ids=["while it is computed", "while it waits"])
async def test_few_are_hashed_at_once_few_wait_and_the_rest_come_again(who: int) -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, at_once=2, waiting=3)
    go, working, most = threading.Event(), 0, 0
    guard = threading.Lock()

    def slow(*_: Any) -> bool:
        nonlocal working, most
        with guard:
            working += 1
            most = max(most, working)
        go.wait(10)
        with guard:
            working -= 1
        return True

    passwords._verify = slow  # type: ignore[method-assign, assignment]
    tasks = [asyncio.create_task(passwords.verify("x", "y")) for _ in range(9)]
    done, pending = await asyncio.wait(tasks, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 4:
        more, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    assert all(isinstance(task.exception(), Busy) for task in done)
    assert set(tasks[:5]) == pending
    tasks[who].cancel()  # it hangs up
    await asyncio.wait([tasks[who]])
    go.set()
    results = await asyncio.gather(*pending, return_exceptions=True)
    assert sum(result is True for result in results) == 4
    assert most == 2
    assert await passwords.verify("x", "y"), "all places are free again"
