#!/bin/sh
# Makes .venv from requirements.lock when it is missing, unfinished or stale; done in an instant when it is not.
# Whatever stands in the way is told in one sentence with its remedy.
set -u
cd "$(dirname "$0")/.." || exit 1

lock=requirements.lock
made_from=.venv/made-from.lock # written last: without it, or with another lock in it, .venv does not count
log=.venv/setup.log

[ -x .venv/bin/python ] && cmp -s "$lock" "$made_from" && exit 0

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

explain_failed_install() {
    case $(cat "$log") in
    *'No space left'*) stop "The disk is full: free about 1 GB and run make again." ;;
    *'DO NOT MATCH THE HASHES'*)
        stop "A downloaded package differs from the one that $lock names, so it was not installed:" \
            "look into your package mirror or proxy and run make again (details in $log)."
        ;;
    *NewConnectionError* | *ConnectTimeout* | *ReadTimeout* | *ProxyError* | *SSLError* | *'onnection broken'* | \
        *'name resolution'* | *'onnection reset'* | *'onnection to'*'timed out'*)
        stop "The Python packages could not be downloaded: check the network connection or the proxy" \
            "and run make again (details in $log)."
        ;;
    *) stop "The Python packages could not be installed: see why in $log, mend it and run make again." ;;
    esac
}

find_python

echo "Setting up Python packages in .venv (once, about a minute) ..."
trap 'echo "Set-up was interrupted: run make again to start it afresh." >&2; exit 130' INT TERM
rm -rf .venv 2>/dev/null
mkdir .venv 2>/dev/null && touch "$log" 2>/dev/null ||
    stop "Cannot write in $(pwd): make this folder writable for yourself and run make again."
"$python" -m venv .venv >"$log" 2>&1 || explain_failed_install
.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --retries 2 \
    --no-deps --require-hashes --requirement "$lock" >>"$log" 2>&1 || explain_failed_install
cp "$lock" "$made_from" || explain_failed_install
