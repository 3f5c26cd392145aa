"""An agreement's files as a record keeps them."""

from __future__ import annotations

from typing import Final

from detente.agreement.agreement import Agreement

_TYPES: Final = {
    "toml": "application/toml",
    "geojson": "application/geo+json",
    "json": "application/json",
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
}
_PLAIN: Final = "text/plain; charset=utf-8"


def record_files(agreement: Agreement) -> list[tuple[str, bytes]]:
    """Media type and bytes of everything that makes up an agreement, its signatures first.

    They are the blobs of the entry by which a record states the agreement.
    """
    signed = b"" if agreement.signed is None else agreement.signed.envelope.to_json()
    files = [(_TYPES["json"], signed)]
    for name, data in agreement.files.items():
        files.append((_TYPES.get(name.rpartition(".")[2], _PLAIN), data))
    return files
