# Builds all five images. MEMBER is the folder of the program: services/auth, ..., or gateway (then with --target=gateway).
# An image holds only the packages and the code of its program; no compiler, no root.
ARG PYTHON_IMAGE=python:3.14-slim
FROM ${PYTHON_IMAGE} AS packages
ARG MEMBER
COPY ${MEMBER}/requirements.lock /tmp/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /packages \
 && /packages/bin/pip install --disable-pip-version-check --no-deps --require-hashes -r /tmp/requirements.lock \
 && /packages/bin/pip uninstall --yes pip \
 && find /packages -depth -type d \( -name tests -o -name test -o -name __pycache__ \) -path '*/site-packages/*' -exec rm -rf {} +

FROM ${PYTHON_IMAGE} AS program
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin shutter \
 && install --directory --owner=shutter /data
WORKDIR /app
COPY --from=packages /packages /packages
COPY shared shared
ARG MEMBER
COPY ${MEMBER} ${MEMBER}
ENV PATH=/packages/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 MEMBER=${MEMBER}
USER 10001
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=6 CMD ["python", "-m", "shared.server.healthcheck"]
# `exec`: the program itself receives the signal that stops the container.
CMD ["sh", "-c", "exec python -m \"$(echo \"$MEMBER\" | tr / .).main\""]

FROM program AS gateway
COPY web web
ENV PORT=8080
EXPOSE 8080

FROM program AS service
ENV PORT=8000
EXPOSE 8000
