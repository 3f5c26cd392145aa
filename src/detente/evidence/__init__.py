"""Evidence: the bundle that a third party checks without us.

`export_bundle` writes what a party's record holds, or a part of it, into one file: entries, the
hashes that tie them to cosigned checkpoints, the agreement that names the keys, and the forms that
other people's tools read. The format is described in `docs/bundle-format.md`; `detente.verify`
reads it, and shares no code with this package.
"""

from .export import export_bundle, export_prepared, prepare_export
from .request import (
    Exported,
    ExportFailed,
    ExportRefused,
    ExportRequest,
    Grade,
    Prepared,
    Progress,
    Ranges,
    Scope,
    Selection,
)
from .sigstore import sigstore_item, trusted_root
from .source import BundleBlobs, BundleKeys, BundleSource

__all__ = [
    "BundleBlobs",
    "BundleKeys",
    "BundleSource",
    "ExportFailed",
    "ExportRefused",
    "ExportRequest",
    "Exported",
    "Grade",
    "Prepared",
    "Progress",
    "Ranges",
    "Scope",
    "Selection",
    "export_bundle",
    "export_prepared",
    "prepare_export",
    "sigstore_item",
    "trusted_root",
]
