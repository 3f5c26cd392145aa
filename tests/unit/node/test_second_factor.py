"""Codes of the hour, recovery codes, and the node's secret."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from detente.node.second_factor import (
    code_step,
    enrolment_uri,
    new_recovery_codes,
    new_secret,
    qr_svg,
    qr_terminal,
    recovery_mark,
)
from detente.node.vault import SealBroken, Vault, VaultUnusable, from_text, open_vault, to_text

# RFC 6238 appendix B: the secret "12345678901234567890", SHA-1; the last six digits of eight.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("now_s", "code"), RFC_CODES)
def test_codes_of_rfc_6238(now_s: float, code: str) -> None:
    step = int(now_s // 30)
    assert code_step(RFC_SECRET, code, now_s, 0) == step
    assert code_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", now_s, 0) == step
    assert code_step(RFC_SECRET, code, now_s + 30, 0) == step
    assert code_step(RFC_SECRET, code, now_s - 30, 0) == step
    assert code_step(RFC_SECRET, code, now_s + 60, 0) is None
    assert code_step(RFC_SECRET, code, now_s - 60, 0) is None
    assert code_step(RFC_SECRET, code, now_s, step) is None, "used up"
    assert code_step(RFC_SECRET, code, now_s, step - 1) == step


@pytest.mark.parametrize("code", ["", "00000", "0000000", "28708２", "x" * 1000, "２８７０８２"])
def test_what_is_no_code(code: str) -> None:
    assert code_step(RFC_SECRET, code, 59, 0) is None


def test_an_app_is_told_all_it_needs() -> None:
    secret = new_secret(secrets.token_bytes)
    assert len(from_text(to_text(secret.encode()))) == 32
    uri = enrolment_uri(secret, "a-1", "a b&c")
    assert uri.startswith("otpauth://totp/D%C3%A9tente%20a%20b%26c:a-1?secret=" + secret)
    assert qr_svg(uri).startswith("<svg")
    assert "script" not in qr_svg(uri)
    assert len(qr_terminal(uri).splitlines()) > 10


def test_recovery_codes_are_many_and_marked_for_one_account() -> None:
    codes = new_recovery_codes(secrets.token_bytes)
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    vault = Vault(bytes(32))
    mark = recovery_mark(vault, "a-1", codes[0])
    assert mark == recovery_mark(vault, "a-1", codes[0].upper().replace("-", " "))
    assert mark != recovery_mark(vault, "a-2", codes[0])
    assert mark != recovery_mark(Vault(b"x" * 32), "a-1", codes[0])


def test_what_is_sealed_is_opened_for_the_same_use_only() -> None:
    vault = Vault(bytes(32))
    sealed = vault.seal("totp", "a-1", b"secret")
    assert b"secret" not in sealed
    assert vault.open("totp", "a-1", sealed) == b"secret"
    assert vault.seal("totp", "a-1", b"secret") != sealed
    for broken in (
        (vault, "totp", "a-2", sealed),
        (vault, "oidc", "a-1", sealed),
        (Vault(b"x" * 32), "totp", "a-1", sealed),
        (vault, "totp", "a-1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (vault, "totp", "a-1", b""),
        (vault, "totp", "a-1", sealed[:12]),
    ):
        with pytest.raises(SealBroken):
            broken[0].open(broken[1], broken[2], broken[3])


def test_marks_keep_their_parts_apart() -> None:
    vault = Vault(bytes(32))
    assert vault.mark("x", "ab", "c") != vault.mark("x", "a", "bc")
    assert vault.mark("x", "a") != vault.mark("y", "a")
    assert vault.same("x", vault.mark("x", "a"), "a")
    assert not vault.same("x", b"", "a")


@pytest.mark.parametrize("text", ["a", "a=", "YQ==", "Y Q", "é", "YR"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_text(text)


def test_the_file_of_the_secret(tmp_path: Path) -> None:
    path = tmp_path / "officers.secret"
    made = open_vault(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = made.seal("x", "y", b"z")
    assert open_vault(path).open("x", "y", sealed) == b"z"
    path.chmod(0o640)
    with pytest.raises(VaultUnusable, match="Others may read"):
        open_vault(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(VaultUnusable, match="not the secret"):
        open_vault(path)
    with pytest.raises(VaultUnusable, match="cannot be used"):
        open_vault(tmp_path / "missing" / "file")
    with pytest.raises(VaultUnusable):
        Vault(b"short")
