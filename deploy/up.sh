#!/bin/sh
# Generates the cluster's secrets, builds the images, starts it, and waits until it is healthy.
set -eu

say() { printf '%s\n' "$*" >&2; }

docker info >/dev/null 2>&1 || {
  say 'No container engine is running: start Docker, or use `make run`, which needs none.'
  exit 1
}
docker compose version >/dev/null 2>&1 || {
  say 'Docker has no Compose: install the plugin docker-compose, or use `make run`, which needs none.'
  exit 1
}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || {
  say "$python is not Python 3.9 or later, which generates the secrets: set PYTHON=..."
  exit 1
}
case ${RATES:-} in
  '') ;;
  off) # for tests, which sign up hundreds of users from one address
    for name in SIGNUPS LOGINS PASSWORDS REFRESHES MAILS ANONYMOUS PICTURES PERSON UPLOADS; do
      export "RATE_$name=1000000/minute"
    done
    export UNVERIFIED_MAY_POST=true ;; # nobody reads their messages
  *)
    say 'RATES must be `off` or unset.'
    exit 1 ;;
esac
"$python" -m deploy.cluster
say 'Building the images ...'
docker compose build --quiet
say 'Starting, and waiting until everything is healthy (about a minute) ...'
if ! docker compose up --detach --quiet-pull --wait --wait-timeout 170 >&2; then
  say 'A container did not become healthy: see `make ps` and `make logs`.'
  exit 1
fi
say ''
say "  Shutter is ready on http://localhost:${PORT:-8080}   (make ps, make logs, make down)"
[ -z "${RATES:-}" ] || say '  Rate limits are off: use this only for tests.'
