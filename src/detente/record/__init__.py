"""The record: an append-only, Merkle-hashed log, and everything that makes it believable.

A `Log` (in memory, SQLite or PostgreSQL) stores entries; a `Ledger` over it checks what it reads
and signs what it adds; `verify_log` checks all of it, sharing no code with what wrote it.
"""

from .canonical import NotCanonical, canonical, canonical_struct
from .checkpoint import (
    Checkpoint,
    NoteMalformed,
    NoteUnverified,
    open_checkpoint,
    open_note,
    read_checkpoint,
    sign_checkpoint,
)
from .export import ExportUnusable, export_log, verify_export
from .keys import (
    Ed25519Signer,
    KeyFileUnusable,
    KeyInvalid,
    Signer,
    Verifier,
    generate_key,
    load_key,
    save_key,
)
from .ledger import Ledger, LedgerWriting
from .log import (
    AppendUnknown,
    Head,
    HeadMoved,
    Log,
    LogDamaged,
    LogIncompatible,
    LogInUse,
    LogReadOnly,
    LogUnavailable,
    SnapshotDamaged,
    SnapshotInfo,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
)
from .memory import MemoryLog, MemoryStore
from .merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from .postgres import PostgresLog
from .postgres_session import PostgresSettings
from .snapshots import Restored, restore_newest
from .sqlite import SqliteLog
from .verify import Finding, VerifyReport, verify_log

__all__ = [
    "EMPTY_ROOT",
    "AppendUnknown",
    "Checkpoint",
    "Ed25519Signer",
    "ExportUnusable",
    "Finding",
    "Frontier",
    "Head",
    "HeadMoved",
    "KeyFileUnusable",
    "KeyInvalid",
    "Ledger",
    "LedgerWriting",
    "Log",
    "LogDamaged",
    "LogInUse",
    "LogIncompatible",
    "LogReadOnly",
    "LogUnavailable",
    "MemoryLog",
    "MemoryStore",
    "NotCanonical",
    "NoteMalformed",
    "NoteUnverified",
    "PostgresLog",
    "PostgresSettings",
    "Restored",
    "Signer",
    "SnapshotDamaged",
    "SnapshotInfo",
    "SqliteLog",
    "StoredCheckpoint",
    "StoredEntry",
    "Tail",
    "Verifier",
    "VerifyReport",
    "Writing",
    "canonical",
    "canonical_struct",
    "consistency_proof",
    "export_log",
    "generate_key",
    "inclusion_proof",
    "leaf_hash",
    "load_key",
    "node_hash",
    "open_checkpoint",
    "open_note",
    "read_checkpoint",
    "restore_newest",
    "root_of",
    "save_key",
    "sign_checkpoint",
    "verify_consistency",
    "verify_export",
    "verify_inclusion",
    "verify_log",
]
