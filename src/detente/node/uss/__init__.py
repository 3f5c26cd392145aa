"""The USS of a node: plans flights at exchanges and with other USSs (ASTM F3548-21).

Nothing is imported here: settings and tokens are needed by commands that start no node.
"""
