"""What the process has done from which the others are forked: the kernels of geometry are loaded.

Imported there, and nowhere else. A node that plans and an exchange load them at their start, which
takes longer than the rest of it; forked processes have them already. What is there is not looked at
by their collectors any more, either.
"""

from __future__ import annotations

import gc

from detente.geo import warm_up

warm_up()
gc.collect()
gc.freeze()
