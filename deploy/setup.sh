#!/bin/sh
# Creates .venv when it is missing, incomplete or out of date; otherwise ends at once.
#   sh deploy/setup.sh        installs what running needs (requirements.lock)
#   sh deploy/setup.sh dev    installs the test tools as well (requirements-dev.lock)
# Every failure is explained in one sentence that names the remedy.
set -u
cd "$(dirname "$0")/.." || exit 1

if [ "${1:-}" = dev ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi
installer=deploy/installer.lock
made_from=.venv/made-from.lock # a copy of the lock, written last: without it .venv is incomplete
log=.venv/setup.log

# requirements-dev.lock contains all of requirements.lock, so an environment made from it also serves `make run`.
if [ -x .venv/bin/python ]; then
    cmp -s "$lock" "$made_from" && exit 0
    cmp -s requirements-dev.lock "$made_from" && exit 0
fi

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Sets $python to the first suitable one; else what was found instead tells which remedy to name.
find_python() {
    too_old='' without_venv=''
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.14 python3.13 python3.12 python3.11; fi
    for candidate; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        if ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            too_old=$version
        elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            without_venv=$version
        else
            python=$candidate
            return
        fi
    done
    [ -z "$without_venv" ] || stop "Python $without_venv is here without its venv module: install it" \
        "(on Debian and Ubuntu: apt install python$without_venv-venv) and run make again."
    [ -z "$too_old" ] || stop "Python $too_old is too old, 3.11 or newer is needed: install one," \
        "or name one with PYTHON=/path/to/python3, and run make again."
    stop "Python 3.11 or newer is needed and none was found: install one," \
        "or name one with PYTHON=/path/to/python3, and run make again."
}

network_failed() {
    case $(cat "$log") in
    *NewConnectionError* | *ConnectTimeout* | *ReadTimeout* | *ProxyError* | *SSLError* | *'onnection broken'* | \
        *'name resolution'* | *'onnection reset'* | *'onnection to'*'timed out'*) return 0 ;;
    *) return 1 ;;
    esac
}

explain_failed_install() {
    echo
    case $(cat "$log") in
    *'No space left'*) stop "The disk is full: free about 1 GB and run make again." ;;
    *'DO NOT MATCH THE HASHES'* | *'Hash mismatch'*)
        stop "A downloaded package differs from the one that $lock names, so it was not installed:" \
            "check your package mirror or proxy and run make again (details in $log)."
        ;;
    esac
    network_failed && stop "The Python packages could not be downloaded: check the network connection or the proxy" \
        "and run make again (details in $log)."
    stop "The Python packages could not be installed: read the reason in $log, correct it and run make again."
}

# Runs a command with its output in $log, and prints the elapsed time every five seconds until it ends.
with_progress() {
    while sleep 1 && kill -0 $$ 2>/dev/null; do
        elapsed=$(($(date +%s) - started))
        [ $((elapsed % 5)) -ne 0 ] || printf ' %d s ...' "$elapsed"
    done &
    ticker=$!
    "$@" >>"$log" 2>&1
    code=$?
    kill "$ticker" 2>/dev/null
    return $code
}

pip_install() {
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --retries 2 \
        --no-deps --require-hashes --requirement "$1"
}

uv_install() {
    .venv/bin/python -m uv pip install --python .venv/bin/python --no-deps --require-hashes --requirement "$1"
}

create_environment() { "$python" -m venv .venv; }

# uv installs about ten times faster than pip. pip does it where uv is not published for this system, or does not
# reach the index that only pip's own configuration names.
install_packages() {
    if pip_install "$installer"; then
        uv_install "$lock" && return
    else
        network_failed && return 1
    fi
    pip_install "$lock"
}

interrupted() {
    kill "$ticker" 2>/dev/null
    echo "Set-up was interrupted: run make again to start it afresh." >&2
    exit 130
}

ticker='' started=$(date +%s)
trap interrupted INT # not TERM: it has to end the ticker whenever it arrives
packages=$(awk '/^[a-z0-9].*==/ {n++} END {print n + 0}' "$lock")
if [ -x .venv/bin/python ] && cmp -s requirements.lock "$made_from"; then
    rm -f "$made_from"
    printf 'Adding the test tools to .venv, once (%d Python packages) ...' "$packages"
else
    find_python
    rm -rf .venv 2>/dev/null
    mkdir .venv 2>/dev/null && touch "$log" 2>/dev/null ||
        stop "Cannot write in $(pwd): make this folder writable for yourself and run make again."
    printf 'Setting up .venv, once (%d Python packages) ...' "$packages"
    with_progress create_environment || explain_failed_install
fi
with_progress install_packages || explain_failed_install
cp "$lock" "$made_from" || explain_failed_install
echo ' done.'
