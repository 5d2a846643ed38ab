"""`python -m shared.server.healthcheck`: the HEALTHCHECK of the containers; exits 0 if the process is ready."""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Request /readyz of this container."""
    address = f"http://127.0.0.1:{os.environ['PORT']}/readyz"
    try:
        urllib.request.urlopen(address, timeout=3).close()
    except (urllib.error.URLError, TimeoutError) as problem:
        sys.exit(f"not ready: {problem}")


if __name__ == "__main__":
    main()
