"""How uvicorn serves each of our processes."""

from typing import Any


def server_options() -> dict[str, Any]:
    """The settings of uvicorn that are the same for all."""
    return {
        "http": "httptools",  # refuses the ambiguous requests that h11 lets through
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "date_header": True,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": 20,
        "proxy_headers": False,
    }
