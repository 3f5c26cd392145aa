"""`python -m tests.trial`: the trial by chance between USSs, as long as one likes."""
