from __future__ import annotations

import pytest

from detente.record import (
    Cosignature,
    CosignatureVerifier,
    Ed25519Signer,
    Policy,
    PolicyGroup,
    PolicyMalformed,
)


def signer(name: str, number: int) -> Ed25519Signer:
    return Ed25519Signer(name, bytes([number]) * 32)


def witness(name: str, number: int) -> CosignatureVerifier:
    return CosignatureVerifier.of(signer(name, number))


LOG = signer("a.example/log", 1).verifier
B, C, D = (witness(f"{name}.example/w", number) for number, name in enumerate("bcd", start=2))
HEAD = f"""# who must have seen it
log {LOG.to_vkey()}
\twitness B {B.to_vkey()}  https://b.example/
witness C {C.to_vkey()}

witness D {D.to_vkey()}
"""


def test_a_policy_is_read_whole() -> None:
    policy = Policy.parse(HEAD + "group most 2 B C D\ngroup each all most\nquorum each\n")
    assert [log.verifier for log in policy.logs] == [LOG]
    assert [(each.name, each.verifier) for each in policy.witnesses] == [
        ("B", B),
        ("C", C),
        ("D", D),
    ]
    assert [each.url for each in policy.witnesses] == ["https://b.example/", None, None]
    assert policy.groups == (
        PolicyGroup("most", 2, ("B", "C", "D")),
        PolicyGroup("each", 1, ("most",)),
    )
    assert policy.quorum == "each"
    assert Policy.parse(policy.to_text()) == policy


@pytest.mark.parametrize(
    ("rules", "enough", "too_few"),
    [
        ("quorum none\n", "", None),
        ("quorum C\n", "C", "BD"),
        ("group g any B C\nquorum g\n", "C", "D"),
        ("group g all B C\nquorum g\n", "BC", "BD"),
        ("group g 2 B C D\nquorum g\n", "BD", "C"),
        ("group g 1 B C\ngroup h all g D\nquorum h\n", "CD", "BC"),
        ("group g all B C\ngroup h any g D\nquorum g\n", "BC", "D"),
    ],
)
def test_a_quorum_is_what_its_groups_say(rules: str, enough: str, too_few: str | None) -> None:
    policy = Policy.parse(HEAD + rules)
    keys = {"B": B, "C": C, "D": D}
    assert policy.satisfied([keys[each].name for each in enough])
    if too_few is not None:
        assert not policy.satisfied([keys[each].name for each in too_few])
        assert not policy.satisfied([])
        assert not policy.satisfied([*rules.split(), "B", "C", "D"])


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ("", None),
        ("quorum E\n", 7),
        ("quorum none\nquorum none\n", 8),
        ("quorum B", 7),
        ("quorum B C\n", 7),
        ("quorum\n", 7),
        ("group g any\nquorum g\n", 7),
        ("group g any E\nquorum g\n", 7),
        ("group g any none\nquorum g\n", 7),
        ("group g any g\nquorum g\n", 7),
        ("group g 0 B C\nquorum g\n", 7),
        ("group g 3 B C\nquorum g\n", 7),
        ("group g 02 B C\nquorum g\n", 7),
        ("group g \u0662 B C\nquorum g\n", 7),
        ("group g +1 B C\nquorum g\n", 7),
        ("group g 99999999999999999999 B C\nquorum g\n", 7),
        ("group g some B C\nquorum g\n", 7),
        ("group g any B B\nquorum g\n", 7),
        ("group g any B\ngroup h any B\nquorum g\n", 8),
        ("group g any B\ngroup g any C\nquorum g\n", 8),
        ("group B any C\nquorum B\n", 7),
        ("group none any B\nquorum none\n", 7),
        (f"witness none {B.to_vkey()}\nquorum none\n", 7),
        (f"witness B {witness('x', 9).to_vkey()}\nquorum none\n", 7),
        (f"witness E {witness('other-name', 2).to_vkey()}\nquorum none\n", 7),
        (f"log {signer('other-name', 1).verifier.to_vkey()}\nquorum none\n", 7),
        (f"log {B.to_vkey()}\nquorum none\n", 7),
        (f"witness E {signer('e', 9).verifier.to_vkey()}\nquorum none\n", 7),
        (f"witness E {witness('e', 9).to_vkey()} url more\nquorum none\n", 7),
        (f"log {LOG.to_vkey()[:-1]}\nquorum none\n", 7),
        ("log\nquorum none\n", 7),
        ("Quorum none\n", 7),
        ("policy x\nquorum none\n", 7),
        ("quorum none\r\n", 7),
        ("quorum\x0bnone\n", 7),
        ("quorum\u00a0none\n", 7),
        ("# \x00\nquorum none\n", 7),
        ("# \x7f\nquorum none\n", 7),
    ],
)
def test_anything_else_is_refused_with_its_line(rules: str, line: int | None) -> None:
    with pytest.raises(PolicyMalformed) as caught:
        Policy.parse(HEAD + rules)
    assert caught.value.where == (None if line is None else f"line {line}")


def test_names_are_octets_without_meaning() -> None:
    kelvin = f"witness \u212a {B.to_vkey()}\nwitness K {C.to_vkey()}\nquorum K\n"
    assert Policy.parse(kelvin).satisfied([C.name])
    octets = f"witness \u00e9 {B.to_vkey()}\nquorum \u00e9\n".encode("latin-1")
    policy = Policy.parse(octets)
    assert policy.satisfied([B.name])
    assert policy.to_text().encode(errors="surrogateescape") == octets
    assert Policy.parse(policy.to_text()) == policy
    composed = f"witness \u00e9 {B.to_vkey()}\nquorum e\u0301\n"
    with pytest.raises(PolicyMalformed):
        Policy.parse(composed)


def test_any_order_that_defines_before_use_is_good() -> None:
    text = f"quorum none\nwitness B {B.to_vkey()}\nlog {LOG.to_vkey()}\n"
    assert Policy.parse(text) == Policy.parse(Policy.parse(text).to_text())
    assert Policy.parse("quorum none\n").satisfied([])


def test_keys_of_one_name_are_told_apart_by_their_id() -> None:
    one, two = witness("same", 7), witness("same", 8)
    policy = Policy.parse(f"witness X {one.to_vkey()}\nwitness Y {two.to_vkey()}\nquorum X\n")
    assert policy.satisfied_by([Cosignature("same", 0, one.key_id)])
    assert not policy.satisfied_by([Cosignature("same", 0, two.key_id)])
    assert not policy.satisfied_by([Cosignature("X", 0, one.key_id)])
    # By name alone nobody can tell, so it counts for neither.
    assert not policy.satisfied(["same"])


def test_sizes_are_limited_well_above_what_is_asked_for() -> None:
    lines = [f"log {signer(f'l{n}', n).verifier.to_vkey()}\n" for n in range(1, 33)]
    lines += [f"witness w{n} {witness(f'w{n}', n).to_vkey()}\n" for n in range(40, 72)]
    lines += [f"group g{n} any w{n}\n" for n in range(40, 72)]
    assert len(Policy.parse("".join(lines) + "quorum g71\n").groups) == 32
    with pytest.raises(PolicyMalformed, match="definitions"):
        Policy.parse(
            f"witness g0 {B.to_vkey()}\n"
            + "".join(f"group g{n} any g{n - 1}\n" for n in range(1, 1500))
            + "quorum g1\n"
        )
    with pytest.raises(PolicyMalformed, match="bytes"):
        Policy.parse("#" * 300_000 + "\nquorum none\n")
    with pytest.raises(PolicyMalformed, match="text"):
        Policy.parse("# \ud800\nquorum none\n")


def test_all_peers_and_any_neutral_must_have_seen_it() -> None:
    policy = Policy.build(LOG, {"b": B, "c": C}, {"n": D, "m": witness("m", 9)})
    assert Policy.parse(policy.to_text()) == policy
    assert policy.satisfied([B.name, C.name, D.name])
    assert policy.satisfied([B.name, C.name, "m"])
    assert not policy.satisfied([B.name, C.name])
    assert not policy.satisfied([B.name, D.name, "m"])


def test_a_policy_for_two_parties_is_short() -> None:
    assert Policy.build(LOG, {"b": B}, {}).to_text() == (
        f"log {LOG.to_vkey()}\nwitness b {B.to_vkey()}\nquorum b\n"
    )
    assert Policy.build(LOG, {}, {}).quorum is None
    assert Policy.build(LOG, {}, {"n": D}).quorum == "n"


def test_parties_may_be_called_as_groups_are() -> None:
    policy = Policy.build(
        LOG, {"quorum": B, "any-neutral": C}, {"quorum-": D, "m": witness("m", 9)}
    )
    assert policy.satisfied([B.name, C.name, D.name])
    assert not policy.satisfied([B.name, C.name])


@pytest.mark.parametrize(
    "name", ["", "none", "b c", "b\nquorum none", f"x {D.to_vkey()}\nwitness y", "\ud800"]
)
def test_names_that_a_policy_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(PolicyMalformed):
        Policy.build(LOG, {name: B}, {})
    with pytest.raises(PolicyMalformed):
        Policy.build(LOG, {"c": C}, {name: B})


def test_one_name_or_key_cannot_count_twice() -> None:
    with pytest.raises(PolicyMalformed):
        Policy.build(LOG, {"b": B}, {"b": C})
    with pytest.raises(PolicyMalformed):
        Policy.build(LOG, {"b": B}, {"c": B})
