"""The verifier of evidence bundles: needs Python's standard library and libsodium, nothing else.

It is built from the description of the formats (docs/bundle-format.md) and shares nothing with the
code that writes bundles but `detente.formats`, which holds constants.

    from detente.verify import Options, verify_bundle
    report = verify_bundle(Path("bundle.zip"), Options())
    report.proven, report.findings

`python -m detente.verify BUNDLE` does the same for people.
"""

from .bundle import Progress, verify_bundle
from .errors import Finding, Unusable, VerifyError
from .facts import Options
from .report import CheckpointShown, ItemShown, PartyShown, Report, Sentence

__all__ = [
    "CheckpointShown",
    "Finding",
    "ItemShown",
    "Options",
    "PartyShown",
    "Progress",
    "Report",
    "Sentence",
    "Unusable",
    "VerifyError",
    "verify_bundle",
]
