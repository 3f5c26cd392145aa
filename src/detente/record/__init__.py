"""The record: an append-only, Merkle-hashed log, and everything that makes it believable.

A `Log` (in memory, SQLite or PostgreSQL) stores entries; a `Ledger` over it checks what it reads
and signs what it adds; `verify_log` checks all of it, sharing no code with what wrote it.
"""

from typing import TYPE_CHECKING

from .blobs import BlobStore, BlobUnusable
from .canonical import NotCanonical, canonical, canonical_struct
from .channels import new_suffix, plain_channel
from .checkpoint import (
    Checkpoint,
    NoteMalformed,
    NoteUnverified,
    open_checkpoint,
    open_note,
    read_checkpoint,
    sign_checkpoint,
)
from .copies import copy_in, copy_out, hold
from .cosignature import Cosignature, CosignatureVerifier, add_lines, cosign, cosignatures_of
from .dsse import DsseMalformed, Envelope, Signature, pae
from .entries import (
    BlobMissing,
    ChainBroken,
    Clock,
    CosignedCheckpoint,
    Entry,
    EnvelopeUnverified,
    ErasureRefused,
    Fault,
    Grade,
    IdentityReused,
    NoSuchEntry,
    Page,
    PlaceUnusable,
    Progress,
    Query,
    Random,
    Received,
    RecordPlace,
    RecordRefused,
)
from .envelope import Draft, chain_hash, read_payload, seal
from .export import ExportUnusable, export_log, verify_export
from .held import RecordHeld, RecordState
from .ijson import (
    JsonMalformed,
    JsonValue,
    canonical_json,
    format_time,
    parse_object,
    parse_time,
)
from .ijson import (
    parse as parse_json,
)
from .keyring import KeyChangeRefused, KeyRing
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
from .leaf import SPKI_PREFIX, Leaf, LeafMalformed, leaf_of, read_leaf
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
    SqlLog,
    StatementFailed,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
)
from .members import Member, Officer, Terms
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
from .nodes import NodeFile, NodesUnusable
from .party_record import PartyRecord
from .party_recovery import HeldRecord, LeavesRefused, RecoveryForked, Settled, Shown
from .party_tables import receipt_channel
from .payload import Blob, EnvelopeMalformed, Payload, Reference, kind_of, payload_type_of
from .policy import Policy, PolicyGroup, PolicyLog, PolicyMalformed, PolicyWitness
from .projections import Projection, ProjectionFailed
from .rebuilding import Difference, Rebuilt
from .snapshots import Restored, restore_newest
from .sqlite import SqliteLog
from .statements import SqlRow, SqlValue, Statement, TableSet
from .tenures import Author, rotation_text
from .tile_directory import AsyncEntrySource, EntrySource, TileDirectory, TilesUnusable
from .tiles import (
    ENTRIES,
    TileRef,
    TilesMalformed,
    decode_entries,
    decode_hashes,
    encode_entries,
    entries_path,
    needed_tiles,
    number_path,
    parse_path,
    reader_of_tiles,
    tile_path,
    tiles_between,
    tiles_of,
)
from .timestamp import (
    Timestamp,
    TimestampUnusable,
    check_timestamp,
    own_note,
    request_timestamp,
)
from .tlog_proof import ProofMalformed, TlogProof, format_proof, parse_proof
from .uuids import uuid7
from .verify import Finding, VerifyReport, verify_log
from .witness import (
    ANSWER_BYTES_MAX,
    REQUEST_BYTES_MAX,
    Accepted,
    AddCheckpoint,
    Answer,
    KnownLog,
    WitnessForked,
    WitnessRequestMalformed,
    WitnessState,
    WitnessUnconvinced,
    decide_add_checkpoint,
)
from .witness_confirm import (
    decide_confirmation,
    proof_wanted,
)
from .witness_file import (
    SqliteWitnessStore,
    WitnessFileUnusable,
    WitnessInUse,
    WitnessUnavailable,
)
from .witness_request import (
    Cosigned,
    NotNow,
    OtherSize,
    RecordBehind,
    Refused,
    Taken,
    Witnessed,
    make_request,
    read_answer,
    take_answer,
)
from .witness_store import (
    Witness,
    WitnessStore,
)

if TYPE_CHECKING:
    from .postgres import PostgresLog
    from .postgres_session import PostgresSettings
else:

    def __getattr__(name: str) -> object:
        # The driver takes as long to load as all the rest, and few commands need it.
        if name in ("PostgresLog", "PostgresSettings"):
            from . import postgres

            return getattr(postgres, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ANSWER_BYTES_MAX",
    "EMPTY_ROOT",
    "ENTRIES",
    "REQUEST_BYTES_MAX",
    "SPKI_PREFIX",
    "Accepted",
    "AddCheckpoint",
    "Answer",
    "AppendUnknown",
    "AsyncEntrySource",
    "Author",
    "Blob",
    "BlobMissing",
    "BlobStore",
    "BlobUnusable",
    "ChainBroken",
    "Checkpoint",
    "Clock",
    "Cosignature",
    "CosignatureVerifier",
    "Cosigned",
    "CosignedCheckpoint",
    "Difference",
    "Draft",
    "DsseMalformed",
    "Ed25519Signer",
    "Entry",
    "EntrySource",
    "Envelope",
    "EnvelopeMalformed",
    "EnvelopeUnverified",
    "ErasureRefused",
    "ExportUnusable",
    "Fault",
    "Finding",
    "Frontier",
    "Grade",
    "Head",
    "HeadMoved",
    "HeldRecord",
    "IdentityReused",
    "JsonMalformed",
    "JsonValue",
    "KeyChangeRefused",
    "KeyFileUnusable",
    "KeyInvalid",
    "KeyRing",
    "KnownLog",
    "Leaf",
    "LeafMalformed",
    "LeavesRefused",
    "Ledger",
    "LedgerWriting",
    "Log",
    "LogDamaged",
    "LogInUse",
    "LogIncompatible",
    "LogReadOnly",
    "LogUnavailable",
    "Member",
    "MemoryLog",
    "MemoryStore",
    "NoSuchEntry",
    "NodeFile",
    "NodesUnusable",
    "NotCanonical",
    "NotNow",
    "NoteMalformed",
    "NoteUnverified",
    "Officer",
    "OtherSize",
    "Page",
    "PartyRecord",
    "Payload",
    "PlaceUnusable",
    "Policy",
    "PolicyGroup",
    "PolicyLog",
    "PolicyMalformed",
    "PolicyWitness",
    "PostgresLog",
    "PostgresSettings",
    "Progress",
    "Projection",
    "ProjectionFailed",
    "ProofMalformed",
    "Query",
    "Random",
    "Rebuilt",
    "Received",
    "RecordBehind",
    "RecordHeld",
    "RecordPlace",
    "RecordRefused",
    "RecordState",
    "RecoveryForked",
    "Reference",
    "Refused",
    "Restored",
    "Settled",
    "Shown",
    "Signature",
    "Signer",
    "SnapshotDamaged",
    "SnapshotInfo",
    "SqlLog",
    "SqlRow",
    "SqlValue",
    "SqliteLog",
    "SqliteWitnessStore",
    "Statement",
    "StatementFailed",
    "StoredCheckpoint",
    "StoredEntry",
    "TableSet",
    "Tail",
    "Taken",
    "Terms",
    "TileDirectory",
    "TileRef",
    "TilesMalformed",
    "TilesUnusable",
    "Timestamp",
    "TimestampUnusable",
    "TlogProof",
    "Verifier",
    "VerifyReport",
    "Witness",
    "WitnessFileUnusable",
    "WitnessForked",
    "WitnessInUse",
    "WitnessRequestMalformed",
    "WitnessState",
    "WitnessStore",
    "WitnessUnavailable",
    "WitnessUnconvinced",
    "Witnessed",
    "Writing",
    "add_lines",
    "canonical",
    "canonical_json",
    "canonical_struct",
    "chain_hash",
    "check_timestamp",
    "consistency_proof",
    "copy_in",
    "copy_out",
    "cosign",
    "cosignatures_of",
    "decide_add_checkpoint",
    "decide_confirmation",
    "decode_entries",
    "decode_hashes",
    "encode_entries",
    "entries_path",
    "export_log",
    "format_proof",
    "format_time",
    "generate_key",
    "hold",
    "inclusion_proof",
    "kind_of",
    "leaf_hash",
    "leaf_of",
    "load_key",
    "make_request",
    "needed_tiles",
    "new_suffix",
    "node_hash",
    "number_path",
    "open_checkpoint",
    "open_note",
    "own_note",
    "pae",
    "parse_json",
    "parse_object",
    "parse_path",
    "parse_proof",
    "parse_time",
    "payload_type_of",
    "plain_channel",
    "proof_wanted",
    "read_answer",
    "read_checkpoint",
    "read_leaf",
    "read_payload",
    "reader_of_tiles",
    "receipt_channel",
    "request_timestamp",
    "restore_newest",
    "root_of",
    "rotation_text",
    "save_key",
    "seal",
    "sign_checkpoint",
    "take_answer",
    "tile_path",
    "tiles_between",
    "tiles_of",
    "uuid7",
    "verify_consistency",
    "verify_export",
    "verify_inclusion",
    "verify_log",
]
