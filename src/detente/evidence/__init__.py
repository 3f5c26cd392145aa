"""Evidence: the bundle that a third party checks without us.

`export_bundle` writes what a party's record holds, or a part of it, into one file: entries, the
hashes that tie them to cosigned checkpoints, the agreement that names the keys, and the forms that
other people's tools read. The format is described in `docs/bundle-format.md`; `detente.verify`
reads it, and shares no code with this package.
"""
