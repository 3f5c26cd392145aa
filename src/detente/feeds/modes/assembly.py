"""From the rows that kernels fill in to `Reports` and counts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.decoding import Counts
from detente.feeds.names import address_names, flight_name
from detente.feeds.reports import Ints, Reports, Source, of_columns

from ._message import FATES, OTHER_ADDRESS, REPORTED, USED

_COLUMNS: Final = (
    "lat_deg",
    "lng_deg",
    "altitude_m",
    "pressure_m",
    "speed_m_s",
    "track_deg",
    "climb_m_s",
    "horizontal_m",
    "vertical_m",
    "containment_m",
    "basis",
)


def reports_of(
    rows: npt.NDArray[np.void], time_us: Ints, received_us: Ints, sources: tuple[Source, ...]
) -> Reports:
    """Reports of `REPORT` rows.

    Args:
        rows: in the order in which they came.
        time_us, received_us: of the messages, by their row.
        sources: by `RELAYS` number.
    """
    addresses, aircraft = np.unique(rows["address"], return_inverse=True)
    callsigns = np.zeros(len(addresses), dtype=np.uint64)
    told = rows["callsign"] != 0
    # Where an aircraft has several, numpy keeps the last.
    callsigns[aircraft[told]] = rows["callsign"][told]
    return of_columns(
        len(rows),
        address_names(addresses & (OTHER_ADDRESS - 1), (addresses & OTHER_ADDRESS) != 0),
        [flight_name(each) if each else "" for each in callsigns.tolist()]
        if told.any()
        else ("",) * len(addresses),
        sources,
        time_us=time_us[rows["row"]],
        received_us=received_us[rows["row"]],
        aircraft=aircraft,
        source=rows["relay"],
        on_ground=rows["ground"],
        **{name: rows[name] for name in _COLUMNS},
    )


def count_fates(messages: npt.NDArray[np.void], counts: Counts) -> None:
    """Add up what became of messages."""
    counts.messages += len(messages)
    for fate, count in enumerate(np.bincount(messages["fate"], minlength=len(FATES)).tolist()):
        if fate == REPORTED:
            counts.reports += count
        elif fate == USED and count:
            counts.noted["no-position"] += count
        elif count:
            counts.dropped[FATES[fate]] += count
