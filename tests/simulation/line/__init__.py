"""The line between parties, simulated: real links and supervisors over records, networks and clocks
that fail in every way that a seed can think of.
"""
