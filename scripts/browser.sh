#!/usr/bin/env bash
# Sees to it that the browser tests find a Chromium. Without one they are skipped, but never on CI.
set -euo pipefail

present() {
    local name
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" > /dev/null; then return 0; fi
    done
    return 1
}
say() { printf 'browser: %s\n' "$*"; }

if present; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    say "no Chromium yet: installing Debian's (about 100 MB)"
    export DEBIAN_FRONTEND=noninteractive
    # A failure is told below, once, whatever its cause.
    { apt-get -q update && apt-get -q install -y --no-install-recommends chromium; } || true
    if present; then exit 0; fi
fi
say "no Chromium found; to have one, as root: apt-get update && apt-get install -y chromium"
if [ "${CI:-}" = true ]; then
    say "on CI that is a failure" >&2
    exit 1
fi
say "the browser tests will be skipped"
