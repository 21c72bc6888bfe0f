"""Secrets: encryption at rest with rotating keys, blind look-up of e-mail addresses, tokens and passwords."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import ConfigurationError
from core.settings import Deployment, Settings

API_KEY_PREFIX: Final = "prk_"
KEY_FILE: Final = "secret-keys"
INDEX: Final = "index"
"""The version of a key that encrypts nothing and only finds e-mail addresses."""

_FORMAT: Final = 1
_NONCE_BYTES: Final = 12


class Undecryptable(Exception):
    """The ciphertext was moved, altered, or made with a key that is not configured."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Encrypts with the newest key, decrypts with any.

    Every ciphertext is bound to its place, `table.column:primary key`, and is worth nothing in another row.
    The key that finds e-mail addresses must outlive rotations, or nobody is found by e-mail any more: it is
    derived from the entry `index`, or from the oldest key. Whoever retires the oldest key keeps its line as `index:…`.
    """

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    _ciphers: dict[str, AESGCM] = field(repr=False)
    _index_key: bytes = field(repr=False)
    index_version: str
    """The entry that finds e-mail addresses."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises ConfigurationError for a malformed key, and for none at all in a deployed service."""
        entries = settings.secret_keys
        if not entries and settings.deployment is Deployment.EMBEDDED:
            entries = load_or_create(settings.data_dir)
        return cls.of(entries)

    @classmethod
    def of(cls, entries: list[str]) -> Self:
        """From `version:base64` entries, the newest first."""
        parsed = [_parse(entry) for entry in entries]
        keys = tuple((version, key) for version, key in parsed if version != INDEX)
        if not keys:
            raise _bad("is not set: credentials and e-mail addresses are encrypted with it")
        if len({version for version, _ in parsed}) != len(parsed):
            raise _bad("names a version twice")
        ciphers = {version: AESGCM(_derive(key, b"proofroom encryption")) for version, key in keys}
        index = INDEX if INDEX in dict(parsed) else keys[-1][0]
        return cls(keys, ciphers, _derive(dict(parsed)[index], b"proofroom e-mail index"), index)

    @property
    def newest(self) -> str:
        return self.keys[0][0]

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """`context` is where the value is kept: `connected_accounts.credentials:{id}`."""
        nonce = os.urandom(_NONCE_BYTES)
        header = bytes([_FORMAT, len(self.newest)]) + self.newest.encode()
        sealed = self._ciphers[self.newest].encrypt(nonce, plain, header + context.encode())
        return header + nonce + sealed

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Raises Undecryptable."""
        version = _version(sealed)
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise Undecryptable(f"The key {version} is not among PROOFROOM_SECRET_KEYS.")
        start = 2 + len(version)
        nonce, rest = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, rest, sealed[:start] + context.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: cut short
            raise Undecryptable(
                f"What is kept at {context} was not written there by this service."
            ) from error

    def reencrypt(self, sealed: bytes, context: str) -> bytes:
        """The same under the newest key; unchanged where it is already. Raises Undecryptable."""
        return (
            sealed
            if _version(sealed) == self.newest
            else self.encrypt(self.decrypt(sealed, context), context)
        )

    def sign(self, message: bytes, purpose: str) -> bytes:
        """32 bytes by the newest key; worth nothing for another purpose."""
        return hmac.digest(_derive(self.keys[0][1], _signing(purpose)), message, "sha256")

    def signed(self, message: bytes, signature: bytes, purpose: str) -> bool:
        """By any key that is configured: what was signed before a rotation holds."""
        expected = [hmac.digest(_derive(key, _signing(purpose)), message, "sha256") for _, key in self.keys]
        return any(hmac.compare_digest(each, signature) for each in expected)

    def email_index(self, email: str) -> bytes:
        """The same for every spelling of an address that differs in case only."""
        return hmac.digest(self._index_key, email.strip().casefold().encode(), "sha256")


def generate_key(version: str) -> str:
    """A new `version:base64` entry."""
    return f"{version}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def load_or_create(data_dir: Path) -> list[str]:
    """The embedded service's keys, made on its first start in a file that only its user can read."""
    path = data_dir / KEY_FILE
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = data_dir / f"{KEY_FILE}.{secrets.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(generate_key("1") + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)  # refuses to replace the file of a process that was quicker
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().split()


def new_token() -> str:
    """256 random bits, for sessions, links and invitations; only its hash is kept."""
    return secrets.token_urlsafe(32)


def new_api_key() -> str:
    return API_KEY_PREFIX + new_token()


def hash_token(token: str) -> bytes:
    """Enough for tokens of high entropy; passwords take `hash_password`."""
    return hashlib.sha256(token.encode()).digest()


async def hash_password(password: str) -> str:
    """In one of a few threads: each hash takes 64 MiB and tens of milliseconds."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _HASHER.hash, password)


async def verify_password(hashed: str | None, password: str) -> bool:
    """False after the same time when there is no such user (None): timing does not tell who has an account."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _verify, hashed, password)


def outdated(hashed: str) -> bool:
    """The hash was made with weaker parameters than today's: hash the password again at the next sign-in."""
    return _HASHER.check_needs_rehash(hashed)


_HASHER: Final = PasswordHasher()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="password")


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex())


def _verify(hashed: str | None, password: str) -> bool:
    try:
        _HASHER.verify(hashed or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


def _signing(purpose: str) -> bytes:
    return f"proofroom signature: {purpose}".encode()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)


def _parse(entry: str) -> tuple[str, bytes]:
    version, _, encoded = entry.partition(":")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", version):
        raise _bad("has an entry that does not begin with `version:`")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise _bad(f"has no base64 after `{version}:`") from error
    if len(key) != 32:
        raise _bad(f"has {len(key)} bytes after `{version}:` where 32 are needed")
    return version, key


def _bad(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"PROOFROOM_SECRET_KEYS {problem}.",
        remedy="Make a key with `proofroom keys generate`; the newest comes first, separated by commas.",
    )


def _version(sealed: bytes) -> str:
    if len(sealed) < 2 or sealed[0] != _FORMAT:
        raise Undecryptable("This is not a ciphertext of this service.")
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")
