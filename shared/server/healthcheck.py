"""The HEALTHCHECK of the containers: exits 0 if the process is ready.

It runs as a script with `python -I -S`, and needs only `socket`: a container runs it every few seconds, and to import
`urllib.request` takes three times as long as the whole check.
"""

import os
import socket
import sys

TIMEOUT_SECONDS = 3
MAX_STATUS_LINE_BYTES = 1024


def main() -> None:
    """Request /readyz of this container."""
    try:
        with socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), TIMEOUT_SECONDS) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            status_line = connection.makefile("rb").readline(MAX_STATUS_LINE_BYTES)
    except OSError as problem:
        sys.exit(f"not ready: {problem}")
    if status_line.split()[1:2] != [b"200"]:
        sys.exit(f"not ready: {status_line.decode('latin-1').strip()}")


if __name__ == "__main__":
    main()
