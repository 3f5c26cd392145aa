"""The verifier of evidence bundles: Python's standard library and libsodium, and nothing of the writing side."""
