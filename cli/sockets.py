"""Addresses to listen on."""

import errno
import os
import socket

from core.errors import ConfigurationError


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
