"""`detente record amend`: a new version of the agreement takes force in both records."""

from __future__ import annotations

import random
import secrets
import shutil
from pathlib import Path

import pytest
from tests.support.agreements import World
from tests.support.killing import KILLS, killed_at_random
from tests.support.program import detente
from tests.support.two_records import Two, begun, contents, exported, fill

from detente.agreement import amend_agreement, load_agreement, sign
from detente.node.home import find
from detente.node.kept_agreement import keep_agreement

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    return await begun(tmp_path)


class Next(World):
    """The version that follows, in a directory of its own, with the keys of before."""

    @property
    def agreement(self) -> Path:
        return self.root / "agreement-2"


class Third(World):
    """And the one after that."""

    @property
    def agreement(self) -> Path:
        return self.root / "agreement-3"


def next_version(two: Two) -> Next:
    new = Next(two.world.root)
    assert amend_agreement(two.world.agreement, new.agreement) == 2
    new.change("[title]\n", "[title]\n# reworded\n")
    return new


async def version_of(two: Two, party: str) -> int:
    async with two.opened(party, write=False) as record:
        return record.terms.version


async def test_a_new_version_takes_force_in_both_records(two: Two, tmp_path: Path) -> None:
    await fill(two, 2)
    new = next_version(two)
    sha256 = new.sign_all()
    before = await exported(two, "a", "before.zip")
    assert "agreement" in await two.good("amend", "a", "--agreement", new.agreement)
    # B, still under the old version, takes what is signed by keys that it knows.
    assert "2 entries received" in await two.good("import", "b", before)
    bundle = await exported(two, "a", "after.zip")
    assert "2 known" in await two.good("import", "b", bundle)
    assert await version_of(two, "b") == 1
    await two.good("amend", "b", "--agreement", new.agreement)
    assert [await version_of(two, party) for party in "ab"] == [2, 2]
    await fill(two, 1)
    assert "1 entries received" in await two.good("import", "b", await exported(two, "a", "c.zip"))
    for party in "ab":
        bundle = await exported(two, party, f"of-{party}.zip")
        done = await detente("verify", bundle, "--accept", "single", "--agreement", sha256)
        assert done.code == 0, done
        assert [kind for _, kind, _ in await contents(two, party)].count("agreement") == 2
    # It is recorded once, and the first one does not come back.
    again = await two.run("amend", "a", "--agreement", new.agreement)
    assert again.code == 2
    back = await two.run("amend", "a", "--agreement", two.world.agreement)
    assert back.code == 2
    assert await version_of(two, "a") == 2


async def test_what_not_everybody_has_signed_is_refused(two: Two) -> None:
    new = next_version(two)
    sign(new.agreement, new.officer("a"), "a")
    done = await two.run("amend", "a", "--agreement", new.agreement)
    assert done.code == 2
    assert "not in force: b has not signed it" in done.err
    assert not (two.record("a") / "agreement" / "2").exists()
    assert len(await contents(two, "a")) == 1


async def test_a_version_after_the_next_is_refused_and_leaves_nothing(two: Two) -> None:
    new = next_version(two)
    new.sign_all()
    third = Third(two.world.root)
    assert amend_agreement(new.agreement, third.agreement) == 3
    third.sign_all()
    done = await two.run("amend", "a", "--agreement", third.agreement)
    assert done.code == 2
    assert "next version" in done.err
    assert not (two.record("a") / "agreement" / "3").exists()
    await two.good("amend", "a", "--agreement", new.agreement)
    await two.good("amend", "a", "--agreement", third.agreement)
    assert await version_of(two, "a") == 3


async def test_a_copy_that_was_never_put_in_force_does_not_matter(two: Two) -> None:
    """What is left when the program dies between the copy and the entry."""
    new = next_version(two)
    new.sign_all()
    keep_agreement(find(two.record("a")), new.agreement, 2)
    await fill(two, 1)
    assert await version_of(two, "a") == 1
    # The draft goes on, is signed anew, and then it is this one that takes force.
    new.signatures.unlink()
    new.change("# reworded\n", "# reworded again\n")
    sha256 = new.sign_all()
    await two.good("amend", "a", "--agreement", new.agreement)
    assert load_agreement(two.record("a") / "agreement" / "2").sha256 == sha256
    assert await version_of(two, "a") == 2
    assert "good" in await two.good("verify", "a")


async def test_a_version_whose_copy_is_lost_is_asked_for(two: Two) -> None:
    new = next_version(two)
    new.sign_all()
    await two.good("amend", "a", "--agreement", new.agreement)
    shutil.rmtree(two.record("a") / "agreement" / "2")
    done = await two.run("log", "a")
    assert done.code == 2
    assert "The version of the agreement that it names was not given" in done.err
    shutil.copytree(new.agreement, two.record("a") / "agreement" / "2")
    assert await version_of(two, "a") == 2


async def test_an_amendment_that_is_killed_is_done_or_not(two: Two) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    delays = random.Random(seed)
    new = next_version(two)
    new.sign_all()
    arguments = ("record", "amend", two.record("a"), "--agreement", new.agreement)
    for _ in range(KILLS):
        await killed_at_random(delays, 2.0, *arguments)
        # Opening it works each time, and tells which version is in force.
        assert await version_of(two, "a") in (1, 2)
    if await version_of(two, "a") == 1:
        await two.good("amend", "a", "--agreement", new.agreement)
    assert await version_of(two, "a") == 2
    assert [kind for _, kind, _ in await contents(two, "a")] == ["agreement", "agreement"]
