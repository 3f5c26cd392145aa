#!/usr/bin/env bash
# Installs the verifiers of others that the tests try on bundles into .tools/node, as locked in
# tests/tools. Node and npm are those of the wheel in .venv; nothing else on the machine is used.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'node tools: %s\n' "$*"; }

lock=tests/tools/package-lock.json
place=.tools/node
stamp=$place/.ready
wanted=$(cat tests/tools/package.json "$lock" | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$stamp" 2> /dev/null || true)" = "$wanted" ]; then exit 0; fi

say "installing the verifiers locked in $lock into $place"
rm -rf "$place"
mkdir -p "$place"
cp tests/tools/package.json "$lock" "$place"/
log=$place/npm.log
# The wheel's npm starts a `node`: its own has to come first.
if PATH="$PWD/.venv/bin:$PATH" .venv/bin/npm ci --prefix "$place" --ignore-scripts \
    --no-audit --no-fund --cache "$PWD/.cache/npm" > "$log" 2>&1; then
    echo "$wanted" > "$stamp"
    exit 0
fi
grep -v ' warn ' "$log" | sed -n '1,6s/^/node tools:   /p' >&2
say "@sigstore/verify could not be installed (see above): is the npm registry reachable?" >&2
if [ "${CI:-}" = true ]; then
    say "on CI that is a failure" >&2
    exit 1
fi
say "tests that need it will be skipped, and VERIFY.md's section on it stays untried; to try again: scripts/node_tools.sh" >&2
