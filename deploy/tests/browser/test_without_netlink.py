"""The browser of these tests gets no notification of changed network interfaces."""

import errno
import subprocess
import sys

import pytest

from . import without_netlink

OPEN_ONE_OF_EACH = """
import socket
for name in ("AF_NETLINK", "AF_INET", "AF_UNIX"):
    try:
        socket.socket(getattr(socket, name)).close()
        print(name, 0)
    except OSError as error:
        print(name, error.errno)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no netlink: only Linux has it")
def test_command_cannot_open_netlink_sockets_but_all_others() -> None:
    command = [sys.executable, without_netlink.__file__, sys.executable, "-c", OPEN_ONE_OF_EACH]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == [f"AF_NETLINK {errno.EAFNOSUPPORT}", "AF_INET 0", "AF_UNIX 0"]
