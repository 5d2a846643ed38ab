# Builds all five images. MEMBER is the folder of the program: services/auth, ..., or gateway (then with --target=gateway).
# An image holds only the packages and the code of its program; no compiler, no root. The same code makes the same layers:
# each stage collects its files in /made and gives them one owner, one mode and one time (the first of a ZIP file).
# All modules are compiled, or each process would do it at its start, which takes twice as long then. The bytecode is the
# same each time: it refers to its source by a hash that is not checked, and sets are in one order (PYTHONHASHSEED).
ARG PYTHON_IMAGE=python:3.14-slim
FROM ${PYTHON_IMAGE} AS packages
ARG MEMBER
COPY ${MEMBER}/requirements.lock /tmp/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /packages \
 && /packages/bin/pip install --disable-pip-version-check --no-deps --no-compile --require-hashes -r /tmp/requirements.lock \
 && /packages/bin/pip uninstall --yes pip \
 && find /packages -depth -type d \( -name tests -o -name test -o -name __pycache__ \) -path '*/site-packages/*' -exec rm -rf {} + \
 && PYTHONHASHSEED=0 python -m compileall -q --invalidation-mode unchecked-hash /packages/lib \
 && mkdir /made && mv /packages /made/packages \
 && find /made -exec touch --no-dereference --date=@315532800 {} +

FROM ${PYTHON_IMAGE} AS user
RUN SOURCE_DATE_EPOCH=315532800 useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin shutter \
 && mkdir --parents /made/app /made/etc && install --directory --owner=shutter /made/data \
 && cp --preserve=mode,ownership /etc/passwd /etc/group /etc/shadow /etc/gshadow /made/etc \
 && find /made -exec touch --no-dereference --date=@315532800 {} +

FROM ${PYTHON_IMAGE} AS code
ARG MEMBER
COPY shared /made/app/shared
COPY ${MEMBER} /made/app/${MEMBER}
RUN PYTHONHASHSEED=0 python -m compileall -q -s /made -p / --invalidation-mode unchecked-hash /made/app
RUN chmod --recursive u=rwX,go=rX /made && find /made -exec touch --no-dereference --date=@315532800 {} +

FROM ${PYTHON_IMAGE} AS pages
COPY web /made/app/web
RUN chmod --recursive u=rwX,go=rX /made && find /made -exec touch --no-dereference --date=@315532800 {} +

FROM ${PYTHON_IMAGE} AS program
COPY --from=user /made/ /
COPY --from=packages /made/ /
COPY --from=code /made/ /
WORKDIR /app
ARG MEMBER
ENV PATH=/packages/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 MEMBER=${MEMBER}
USER 10001
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=6 CMD ["python", "-IS", "/app/shared/server/healthcheck.py"]
# `exec`: the program itself receives the signal that stops the container.
CMD ["sh", "-c", "exec python -m \"$(echo \"$MEMBER\" | tr / .).main\""]

FROM program AS gateway
COPY --from=pages /made/ /
ENV PORT=8080
EXPOSE 8080

FROM program AS service
ENV PORT=8000
EXPOSE 8000
