"""Détente: airspace deconfliction, notification and evidence between parties without a common command."""
