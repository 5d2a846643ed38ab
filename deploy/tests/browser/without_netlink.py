"""Runs a command that cannot open a netlink socket: `python without_netlink.py COMMAND ...`.

By netlink, Linux tells Chromium of every network interface that appears or goes. Chromium then aborts requests that
wait for a connection, also on loopback, with net::ERR_NETWORK_CHANGED, and no switch of it turns that off. Tests that
start containers make interfaces while those of the web client run. Chromium that cannot listen takes the network to be
there and unchanged.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

# From linux/filter.h, linux/seccomp.h, linux/prctl.h and linux/audit.h.
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET, FIRST_ARGUMENT_OFFSET = 0, 4, 16
ALLOW, REFUSE_WITH_ERRNO = 0x7FFF_0000, 0x0005_0000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
SOCKET_CALLS = {"x86_64": (0xC000_003E, 41), "aarch64": (0xC000_00B7, 198)}
"""The architecture as the kernel names it, and the number of its system call `socket`."""


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_netlink() -> None:
    """For this process and its children. Does nothing outside of Linux, or if the kernel refuses."""
    if platform.system() != "Linux" or platform.machine() not in SOCKET_CALLS:
        return
    architecture, socket_call = SOCKET_CALLS[platform.machine()]
    instructions = (
        (LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_IF_EQUAL, 0, 5, architecture),  # otherwise to the last
        (LOAD_WORD, 0, 0, NUMBER_OFFSET),
        (JUMP_IF_EQUAL, 0, 3, socket_call),
        (LOAD_WORD, 0, 0, FIRST_ARGUMENT_OFFSET),
        (JUMP_IF_EQUAL, 0, 1, socket.AF_NETLINK),
        (RETURN, 0, 0, REFUSE_WITH_ERRNO | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    )
    program = _Program(len(instructions), b"".join(struct.pack("HBBI", *each) for each in instructions))
    c = ctypes.CDLL(None)
    c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # without it only root may set a filter
    c.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))


if __name__ == "__main__":
    refuse_netlink()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell in between is what is wanted
