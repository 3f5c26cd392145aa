#!/usr/bin/env bash
# Installs the exact boundaries (ODbL; fetched by npm, hash pinned) into .cache/boundaries, for the
# demonstration and for the tests that measure against them. Without them both do with less.
set -euo pipefail
cd "$(dirname "$0")/.."

export DETENTE_BOUNDARIES=.cache/boundaries
export PATH="$PWD/.venv/bin:$PATH"
export npm_config_cache="$PWD/.cache/npm"
for name in maritime-10m natural-earth; do
    # Whatever can be shown is there, whole and of this version.
    detente boundary show "$name" > /dev/null 2>&1 && continue
    printf 'boundaries: fetching %s into %s\n' "$name" "$DETENTE_BOUNDARIES"
    detente boundary install "$name" > /dev/null || {
        printf 'boundaries: %s could not be installed (see above): is the npm registry reachable?\n' "$name" >&2
        if [ "${CI:-}" = true ]; then exit 1; fi
    }
done
