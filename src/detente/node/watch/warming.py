"""Loads what watching computes with, so that the first aircraft does not wait for it."""

from __future__ import annotations

from collections.abc import Collection

from detente import feeds, watch
from detente.watch import WatchSetup


def warm_up(setup: WatchSetup, formats: Collection[str]) -> None:
    """Have the decoders of these formats and the monitors of this setup ready."""
    feeds.warm_up(sorted(formats))
    watch.warm_up(setup)
