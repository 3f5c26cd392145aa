"""Position reports for tests, written short."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detente.feeds import NEVER, Reports, Source, of_columns

BEGAN_US = 1_700_000_000_000_000
SOURCE = Source("receiver", "beast")


def reported(
    rows: Sequence[dict[str, float | str | Source | None]], *, source: Source = SOURCE
) -> Reports:
    """Reports of rows with `s` (seconds after `BEGAN_US`), `lat`, `lng`, and whatever else matters.

    Others: `aircraft`, `heard` (seconds), `speed`, `track`, `pressure`, `altitude`, `accuracy`,
    `ground`, `callsign`, `source`. A speed without track is to the north.
    """
    names = list(dict.fromkeys(str(each.get("aircraft", "3c6444")) for each in rows))
    sources: list[Source] = []
    callsigns = dict.fromkeys(names, "")
    for each in rows:
        from_there = each.get("source", source)
        assert isinstance(from_there, Source)
        if from_there not in sources:
            sources.append(from_there)
        if each.get("callsign"):
            callsigns[str(each.get("aircraft", "3c6444"))] = str(each["callsign"])

    def column(name: str, default: float = np.nan) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([float(each.get(name, default)) for each in rows])  # type: ignore[arg-type]

    heard = [each.get("heard") for each in rows]
    speed, track = column("speed"), column("track")
    return of_columns(
        len(rows),
        names,
        list(callsigns.values()),
        sources,
        time_us=BEGAN_US + np.round(column("s") * 1e6).astype(np.int64),
        received_us=np.array(
            [NEVER if e is None else BEGAN_US + round(float(e) * 1e6) for e in heard],  # type: ignore[arg-type]
            dtype=np.int64,
        ),
        aircraft=np.array([names.index(str(e.get("aircraft", "3c6444"))) for e in rows], np.int32),
        source=np.array([sources.index(e.get("source", source)) for e in rows], np.int32),  # type: ignore[arg-type]
        lat_deg=column("lat"),
        lng_deg=column("lng"),
        speed_m_s=speed,
        track_deg=np.where(np.isnan(track) & ~np.isnan(speed), 0.0, track),
        pressure_m=column("pressure"),
        altitude_m=column("altitude"),
        horizontal_m=column("accuracy"),
        on_ground=column("ground", 2).astype(np.uint8),
    )
