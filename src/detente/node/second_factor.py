"""Second factors without a key: codes of the hour (TOTP, RFC 6238) and recovery codes.

Pure but for the vault: times and random bytes are passed in.
"""

from __future__ import annotations

import hmac
import io
from base64 import b32encode
from typing import Final
from urllib.parse import quote

import pyotp
import segno

from detente.record import Random

from .vault import Vault

STEP_S: Final = 30
DRIFT_STEPS: Final = 1
"""Clocks of node and telephone may differ by so many steps."""

SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10


def new_secret(random: Random) -> str:
    """A secret for an authenticator app, base32 (RFC 4648); 160 bits, as RFC 4226 recommends."""
    return b32encode(random(SECRET_BYTES)).decode()


def code_step(secret: str, code: str, now_s: float, used: int) -> int | None:
    """The step of time that a code belongs to.

    Args:
        secret: base32.
        code: six digits; blanks are passed over.
        now_s: seconds since the Unix epoch.
        used: the step of the newest code that was accepted. It and all before are used up.

    Returns:
        The step to remember as used; None if the code is wrong or used up.
    """
    typed = "".join(code.split())
    totp = pyotp.TOTP(secret, interval=STEP_S)
    current = int(now_s // STEP_S)
    found = None
    # All are compared: how long it takes tells nothing.
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        right = hmac.compare_digest(totp.generate_otp(max(step, 0)).encode(), typed.encode())
        if right and step > used:
            found = step
    return found


def enrolment_uri(secret: str, officer: str, party: str) -> str:
    """What an authenticator app reads from the QR code (`otpauth:`)."""
    issuer = quote(f"Détente {party}", safe="")
    return (
        f"otpauth://totp/{issuer}:{quote(officer, safe='')}"
        f"?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_S}"
    )


def qr_svg(text: str) -> str:
    """A QR code as SVG, dark on light with its quiet zone, to be shown as an image."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return out.getvalue().decode()


def qr_terminal(text: str) -> str:
    """A QR code for a terminal."""
    out = io.StringIO()
    segno.make(text, error="m").terminal(out, compact=True)
    return out.getvalue()


def new_recovery_codes(random: Random) -> list[str]:
    """Codes for when the telephone is lost; 80 bits each, each is good once."""
    codes = []
    for _ in range(RECOVERY_CODES):
        text = b32encode(random(_RECOVERY_BYTES)).decode().lower()
        codes.append("-".join(text[start : start + 4] for start in range(0, len(text), 4)))
    return codes


def recovery_mark(vault: Vault, account: str, code: str) -> str:
    """What is kept of a recovery code: its mark under the node's secret, hexadecimal."""
    typed = "".join(c for c in code.lower() if c.isalnum())
    return vault.mark("recovery", account, typed).hex()
