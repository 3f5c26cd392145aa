"""A deterministic simulator of a pool of exchanges: one seed, one history, every time.

The real `Exchange`, `Ledger`, `Airspace` and decisions of several instances run on a simulated
event loop, clock, network and log store. Everything random comes from one generator, nothing waits
for real time, and instances crash, stall and lose the log at any point where they await. What
must hold is checked by rules written a second time, after every entry and every answer.

    python -m tests.simulation --seed 1 --steps 1000000
"""
