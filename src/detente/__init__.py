"""Détente: planning, watching, sharing, talking and proving between separate parties."""

from importlib.metadata import version

__version__ = version("detente")
