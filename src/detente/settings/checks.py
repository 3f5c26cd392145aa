"""Checks of single values: each tells what is wrong with one, or None."""

from __future__ import annotations

from urllib.parse import urlsplit


def not_blank(text: str) -> str | None:
    """A text with something in it, and no blanks around."""
    return None if text.strip() and text == text.strip() else f"{text!r} is blank or padded."


def http_url(text: str) -> str | None:
    """A URL of http or https."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{text!r} is not an http or https URL."
    return None


def https_url(text: str) -> str | None:
    """A URL of https."""
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname:
        return f"{text!r} is not an https URL."
    return None


def origin(text: str) -> str | None:
    """Scheme, host and port of a web page, and nothing more."""
    if http_url(text) is not None or urlsplit(text).path not in ("", "/"):
        return f"{text!r} is not an origin such as https://node.example."
    return None


def postgresql_url(text: str) -> str | None:
    """The URL of a PostgreSQL database. It may hold a password: it is not repeated."""
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        return "The database is not a postgresql:// URL."
    return None
