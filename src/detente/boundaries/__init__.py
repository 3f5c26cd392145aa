"""Boundaries: lines that somebody claims, each with its source and how sure that is."""
