#!/usr/bin/env bash
# Fetches the sample flights: the wheel of `traffic` 2.13 (MIT), read as data, never imported.
set -euo pipefail
cd "$(dirname "$0")/.."

target=.cache/samples
day=$target/traffic/data/samples/collections/switzerland.json.gz
[ -f "$day" ] && exit 0

printf 'samples: fetching sample flights (28 MB) into %s\n' "$target"
mkdir -p "$target"
# The hash pins the very file; --no-deps, because only its data is wanted.
cat > .cache/samples.txt <<'END'
traffic==2.13 --hash=sha256:5e0cd61d931d03103294361542188f08f959a55e862d5cba80ab61291021e66c
END
UV_NO_PROGRESS=1 .tools/bin/uv pip install --quiet --python .venv/bin/python --no-deps \
    --only-binary :all: --require-hashes --target "$target" -r .cache/samples.txt || {
    printf 'samples: the flights could not be fetched: is the package index reachable?\n' >&2
    exit 1
}
