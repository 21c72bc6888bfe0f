"""Addresses to listen on."""

import ctypes
import errno
import os
import socket
import sys
from typing import Final

import structlog

from core.errors import ConfigurationError

log = structlog.get_logger(__name__)

_SO_ATTACH_FILTER: Final = 26
"""asm-generic/socket.h; Python does not name it."""
_DROP_ALL: Final = bytes([0x06, 0, 0, 0, 0, 0, 0, 0])
"""One instruction of a classic BPF program, `BPF_RET | BPF_K` with 0 bytes to keep: linux/filter.h."""


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def listen(host: str, port: int) -> socket.socket:
    """Raises ConfigurationError that says what is wrong with the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {os.strerror(error.errno) if error.errno else error}.",
            remedy="Stop what uses that port, or choose another with --port."
            if error.errno == errno.EADDRINUSE
            else "Choose an address of this machine with --host, and a port that you may use with --port.",
        ) from error


def close_door(listening: socket.socket) -> None:
    """Have the kernel drop what asks for a connection, so that its queue runs empty before the socket is closed.

    Closing resets whoever is in the queue, a request of theirs included. Whoever is dropped asks again after a second
    (RFC 6298, 2.1) and then finds the successor, or nobody: which tells them that nothing was taken. Linux only, and
    not in every sandbox there: elsewhere the door stays open, for a process must end in any case.
    """
    if sys.platform == "linux":
        program = _Program(1, _DROP_ALL)
        try:
            listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))
        except OSError as error:
            log.info("server.door_stays_open", reason=error.strerror)
