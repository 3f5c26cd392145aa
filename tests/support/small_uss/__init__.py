"""A small F3548-21 USS, for tests: somebody else's idea of what the standard asks.

It was written from the behavioural specification alone and imports nothing of the package under
test, so that a misreading has to be made twice to go unseen. It runs as a process of its own
(`python -m tests.support.small_uss CONFIG.json`), plans against a DSS, serves its peers, and can be
told to lie, to stall and to die. `running.SmallUss` is what a test holds of it.
"""
