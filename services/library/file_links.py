"""Addresses of files that need no session: signed ones, which expire, and those of public files.

The token says where the file is, so that row security holds whoever comes with it to that file's workspace.
"""

import base64
import binascii
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from uuid import UUID

from core.crypto import Keyring
from core.errors import NotFound, ProofroomError
from models import File

LONGEST_SECONDS: Final = 7 * 24 * 3600
_PURPOSE: Final = "file link"
_PLACE_BYTES: Final = 32
_TIME_BYTES: Final = 6


class LinkExpired(ProofroomError):
    status = HTTPStatus.GONE
    title = "The link has expired"


@dataclass(frozen=True, slots=True)
class Link:
    workspace_id: UUID
    file_id: UUID
    signed: bool
    """It opens the file although it is private."""


def public_token(file: File) -> str:
    """Always the same for a file, and good only while it is public."""
    return _written(_place(file))


def sign(keyring: Keyring, file: File, expires_at: int) -> str:
    """`expires_at`: seconds since 1970."""
    said = _place(file) + expires_at.to_bytes(_TIME_BYTES)
    return _written(said + keyring.sign(said, _PURPOSE))


def read(keyring: Keyring, token: str) -> Link:
    """Raises NotFound for what we have not signed, LinkExpired for what we have."""
    try:
        said = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        said = b""
    place, expires_at = said[:_PLACE_BYTES], said[_PLACE_BYTES : _PLACE_BYTES + _TIME_BYTES]
    signature = said[_PLACE_BYTES + _TIME_BYTES :]
    if len(place) < _PLACE_BYTES or (
        expires_at and not keyring.signed(place + expires_at, signature, _PURPOSE)
    ):
        raise NotFound("There is no such file.")
    if expires_at and int.from_bytes(expires_at) < time.time():
        raise LinkExpired("This link has expired.", remedy="Ask whoever sent it for a new one.")
    return Link(UUID(bytes=place[:16]), UUID(bytes=place[16:]), bool(expires_at))


def _place(file: File) -> bytes:
    return file.workspace_id.bytes + file.id.bytes


def _written(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).decode().rstrip("=")
