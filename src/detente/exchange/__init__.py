"""The exchange: an F3548-21 DSS as a deterministic state machine over an append-only log."""
