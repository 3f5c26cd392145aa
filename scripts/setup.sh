#!/usr/bin/env bash
# Makes .tools (holding uv) and .venv (the locked packages) in the tree, from a Python alone. Needs no root.
set -euo pipefail
cd "$(dirname "$0")/.."

uv_version=0.13.9
python=${PYTHON:-python3}
export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
unset VIRTUAL_ENV

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo "

find_python() {
    if ! command -v "$python" > /dev/null; then
        die "$python: not found. Détente needs Python 3.11 to 3.14." \
            "Debian, Ubuntu: ${sudo}apt-get install -y python3 python3-venv"
    fi
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    case $version in
        3.11 | 3.12 | 3.13 | 3.14) ;;
        *)
            local other
            for other in python3.14 python3.13 python3.12 python3.11; do
                # Run, not only found: a version manager's stub may stand for nothing.
                if "$other" -c '' 2> /dev/null; then
                    die "$python is Python $version; Détente needs 3.11 to 3.14." \
                        "$other is installed here: say make PYTHON=$other ..."
                fi
            done
            die "$python is Python $version; Détente needs 3.11 to 3.14." \
                "Where the system has it (Ubuntu 22.04): ${sudo}apt-get install -y python3.11 python3.11-venv" \
                "then: make PYTHON=python3.11 ..."
            ;;
    esac
    if ! "$python" -c 'import ensurepip, venv' 2> /dev/null; then
        die "Python $version cannot make virtual environments: its venv module or ensurepip is missing." \
            "Debian, Ubuntu: ${sudo}apt-get install -y python$version-venv"
    fi
    python=$("$python" -c 'import sys; print(sys.executable)')
}

install_uv() {
    local found
    found=$(.tools/bin/uv --version 2> /dev/null || true)
    case "$found " in "uv $uv_version "*) return ;; esac
    say "installing uv $uv_version into .tools"
    rm -rf .tools
    "$python" -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check \
        --no-deps --only-binary :all: "uv==$uv_version" ||
        die "uv $uv_version could not be installed (see above): is the package index reachable?"
}

install_packages() {
    if [ -x .venv/bin/python ]; then
        say "bringing .venv up to uv.lock"
    else
        say "installing the locked packages into .venv (the first time: some 410 MB to fetch, 1.4 GB on disk)"
    fi
    # One line a package is too many; what is being fetched, and the sums, are enough.
    .tools/bin/uv sync --locked --python "$python" 2>&1 | sed -u -E '/^ ([-+~]| *(Downloaded|Building|Built)) /d; s/^/setup:   /' ||
        die "the packages could not be installed (see above)." \
            "If pyproject.toml was changed on purpose, lock it again: .tools/bin/uv lock"
}

mkdir -p .cache
# Two makes at once must not build one environment.
exec 9> .cache/setup.lock
flock 9
find_python
install_uv
install_packages
scripts/node_tools.sh
