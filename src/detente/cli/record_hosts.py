"""Which hosts may be called: those that the agreement names, or what a person has named."""

from __future__ import annotations

from urllib.parse import urlsplit

from detente.agreement import Agreement
from detente.cli.record_work import StatementUnusable


def check_host(url: str, agreement: Agreement, own: str, party: str | None) -> None:
    """Refuse a URL that is not under an address of another party.

    Args:
        url: of its witness.
        agreement: in force; its addresses are the only hosts ever called for a party.
        own: our own party's id.
        party: whose witness it is; None for any other party.

    Raises:
        StatementUnusable: says which addresses there are.
    """
    addresses = [
        address.url
        for each in agreement.document.parties
        if each.id != own and party in (None, each.id)
        for address in each.addresses
    ]
    if not any(_is_under(url, address) for address in addresses):
        raise StatementUnusable(
            "It is under no address of the other party in the agreement; it is not called.",
            where=url,
            advice="Addresses: " + ", ".join(addresses) + ". For a neutral witness, or a trial, "
            "add --allow-any-host.",
        )


def _is_under(url: str, address: str) -> bool:
    try:
        asked, named = urlsplit(url), urlsplit(address)
        same = (asked.scheme, asked.hostname, asked.port or 443) == (
            named.scheme,
            named.hostname,
            named.port or 443,
        )
    except ValueError:
        return False
    if asked.username is not None or asked.query or asked.fragment:
        return False
    # What a server may take for a step upwards is not below anything.
    if ".." in asked.path or "%" in asked.path or "\\" in asked.path:
        return False
    return same and f"{asked.path.rstrip('/')}/".startswith(f"{named.path.rstrip('/')}/")
