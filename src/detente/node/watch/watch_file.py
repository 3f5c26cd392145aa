"""The file that says what a node watches: feeds, boundaries, rules, alerts, raw tracks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from detente.errors import DetenteError
from detente.feeds import DecoderSettings, decoder_settings
from detente.settings import read_toml

BYTES_MAX: Final = 1 << 20
FEEDS_MAX: Final = 64

PRIVATE: Final = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1/128",
    "fc00::/7",
)
"""Networks that receivers of one's own are in."""

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
Table: TypeAlias = dict[str, Any]
Text = Annotated[str, Meta(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f\x7f]+\Z")]


class WatchFileUnusable(DetenteError):
    """The file of a node's watching cannot be read, or says what it cannot say."""

    code: ClassVar[str] = "watch.file"


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class FeedTlsPart(_Part, frozen=True, kw_only=True):
    """Certificates of a feed: files as PEM, relative to the file of watching.

    Attributes:
        authorities: that are believed; the system's if not given.
        certificate, key: our own, where the other side wants one.
        server_name: that its certificate must have, if not the address's.
        fingerprint: SHA-256 of the one certificate that is believed.
    """

    authorities: Text | None = None
    certificate: Text | None = None
    key: Text | None = None
    server_name: str = ""
    fingerprint: str = ""


class FeedPart(_Part, frozen=True, kw_only=True):
    """One feed.

    Attributes:
        name: lower-case letters, digits, hyphens; the source that reports name.
        format: one of `detente.feeds.FORMATS`.
        address: tcp://, tls://, udp://, http(s)://, file://.
        every_s: how often a document is asked for (else 1 s), or a file looked at (else 0.1 s).
        silent_s: after how many seconds without a report it counts as silent.
        assumed_horizontal_m, assumed_vertical_m: 95 %, for reports that state no accuracy.
        tls: for tls:// and https://.
        mode_s, sbs, asterix, cot: what the feed does not say; see `decoder_settings`.
    """

    name: Name
    format: Text
    address: Text
    every_s: Annotated[float, Meta(ge=0.05, le=3600)] | None = None
    silent_s: Annotated[float, Meta(ge=1, le=86_400)] = 30.0
    assumed_horizontal_m: Annotated[float, Meta(gt=0, le=100_000)] = 185.2
    assumed_vertical_m: Annotated[float, Meta(gt=0, le=10_000)] = 45.0
    tls: FeedTlsPart | None = None
    mode_s: Table | None = None
    sbs: Table | None = None
    asterix: Table | None = None
    cot: Table | None = None

    def decoders(self, where: str = "") -> DecoderSettings:
        """How what comes is decoded.

        Args:
            where: the feed stands, for errors.

        Raises:
            DecoderSettingsUnusable: a table says what it cannot say, or is not for the format.
        """
        tables = {
            "mode_s": self.mode_s,
            "sbs": self.sbs,
            "asterix": self.asterix,
            "cot": self.cot,
        }
        told = {name: each for name, each in tables.items() if each is not None}
        return decoder_settings(told, where or f"feed {self.name}", self.format)


class AlertsPart(_Part, frozen=True, kw_only=True):
    """Of what officers are told; what is not given is everything.

    Attributes:
        about: of crossing, outside-volumes, approach, stand-off.
        parties: whose aircraft; "" stands for those of nobody known.
        boundaries: ids.
        uncertain: whether what cannot be told is told, too, as that.
    """

    about: tuple[str, ...] | None = None
    parties: tuple[str, ...] | None = None
    boundaries: tuple[str, ...] | None = None
    uncertain: bool = True


class TracksPart(_Part, frozen=True, kw_only=True):
    """Raw tracks: kept as Parquet files whose hashes stand in the record.

    Attributes:
        keep: whether they are.
        keep_days: after how many days a segment is deleted, unless it is held.
        segment_s, segment_rows: a segment ends after so long, or with so many reports.
    """

    keep: bool = True
    keep_days: Annotated[float, Meta(gt=0, le=36_500)] = 30.0
    segment_s: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    segment_rows: Annotated[int, Meta(ge=1, le=50_000_000)] = 2_000_000


class ConformancePart(_Part, frozen=True, kw_only=True):
    """Our own flights, in a node that plans; which are watched, their plans say.

    Attributes:
        declare: whether the node itself declares what F3548-21 asks for, by what receivers hear.
    """

    declare: bool = False


class WatchFile(_Part, frozen=True, kw_only=True):
    """The file as a whole.

    Attributes:
        boundaries: names of what is installed, or paths, as for `detente watch`; none: the default.
        crossings: whether crossings of them are looked for.
        rules: files with the tables of `detente watch --rules`, relative to this one.
        feed: feeds.
        networks: ranges of addresses in which documents are asked for, besides public ones.
        alerts, tracks, conformance: see there.
    """

    boundaries: tuple[Text, ...] = ()
    crossings: bool = True
    rules: tuple[Text, ...] = ()
    feed: Annotated[tuple[FeedPart, ...], Meta(max_length=FEEDS_MAX)] = ()
    networks: tuple[Text, ...] = PRIVATE
    alerts: AlertsPart = AlertsPart()
    tracks: TracksPart = TracksPart()
    conformance: ConformancePart = ConformancePart()


def read_watch_file(path: Path) -> WatchFile:
    """Read it.

    Raises:
        WatchFileUnusable: it cannot be read, or is not of that form.
        DecoderSettingsUnusable: see `FeedPart.decoders`.
    """
    try:
        found = msgspec.convert(read_toml(path, WatchFileUnusable, BYTES_MAX), WatchFile)
    except msgspec.ValidationError as error:
        raise WatchFileUnusable(
            f"{error}.", where=str(path), advice="See docs/watching-live.md."
        ) from None
    names = [each.name for each in found.feed]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise WatchFileUnusable("Two feeds have one name.", where=f"{path}: {twice}")
    for each in found.feed:
        _tls_counts(each, f"{path}: feed {each.name}: tls")
        each.decoders(f"{path}: feed {each.name}")
    return found


def _tls_counts(feed: FeedPart, where: str) -> None:
    """Refuse certificates that nobody would look at: somebody counts on them."""
    if feed.tls is None:
        return
    if not feed.address.lower().startswith(("tls://", "https://")):
        raise WatchFileUnusable(
            "Certificates count for tls:// and https:// only.",
            where=where,
            advice='Write address = "tls://HOST:PORT", or leave the table out.',
        )
    if feed.tls.key is not None and feed.tls.certificate is None:
        raise WatchFileUnusable(
            "The certificate to this key is not given.",
            where=where,
            advice="Name certificate, too.",
        )
