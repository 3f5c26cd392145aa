"""The verifier of evidence bundles: needs Python's standard library and libsodium, nothing else."""
