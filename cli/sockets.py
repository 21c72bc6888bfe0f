"""Addresses to listen on."""

import socket

from core.errors import ConfigurationError


def listen(host: str, port: int) -> socket.socket:
    """Raises ConfigurationError that says what is wrong with the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            remedy="Stop what uses that port, or choose another with --port.",
        ) from error
