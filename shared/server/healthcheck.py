"""`python -m shared.server.healthcheck`: exits 0 where this container's process can work. What a health check runs."""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Ask our own /readyz."""
    address = f"http://127.0.0.1:{os.environ['PORT']}/readyz"
    try:
        urllib.request.urlopen(address, timeout=3).close()
    except (urllib.error.URLError, TimeoutError) as problem:
        sys.exit(f"not ready: {problem}")


if __name__ == "__main__":
    main()
