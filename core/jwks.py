"""An issuer's public keys: kept for as long as it says, and asked for anew when a token names one that is not among them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from core.errors import ProofroomError, Unavailable

log = structlog.get_logger(__name__)

ALGORITHMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}
"""Those of which only the issuer can sign, and the type of key that each takes."""
USUAL_SECONDS: Final = 600.0
SHORTEST_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 3600.0
"""A key that the issuer takes back is not believed for longer, whatever its Cache-Control says."""
PAUSE_SECONDS: Final = 30.0
"""Between two calls of the issuer: tokens with made-up keys do not make us ask all the time."""

Jwks = tuple[Mapping[str, Any], float | None]
"""The document, and for how many seconds it says that it holds."""


class IssuerUnreachable(Unavailable):
    title = "The issuer of the token cannot be asked"


class KeySet:
    """Of one process. While the issuer does not answer, the keys that it gave last are believed."""

    def __init__(
        self, read: Callable[[], Awaitable[Jwks]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`read` raises ProofroomError where the issuer does not answer, or answers something else."""
        self._read = read
        self._clock = clock
        self._keys: dict[tuple[str | None, str], PyJWK] = {}
        self._expires = self._rests_until = clock()
        self._failed = False
        self._reading: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """None: the issuer has no such key. Raises IssuerUnreachable where that cannot be said."""
        if self._clock() >= self._expires and not (self._failed and self._keys):
            await self._ask()
        elif self._clock() >= self._expires:
            self._begin()  # nobody waits for an issuer that was silent a moment ago
        found = self._match(kid, algorithm)
        if found is None and await self._ask():
            found = self._match(kid, algorithm)
        if found is None and self._failed:
            raise IssuerUnreachable(
                "Its keys are needed to check the token, and it does not answer.",
                remedy="Try again; if it lasts, tell the operator.",
                retry_after=self._rests_until - self._clock(),
            )
        return found

    def _match(self, kid: str | None, algorithm: str) -> PyJWK | None:
        if kid is not None:
            return self._keys.get((kid, algorithm))
        candidates = [key for (_, its), key in self._keys.items() if its == algorithm]
        return candidates[0] if len(candidates) == 1 else None

    async def _ask(self) -> bool:
        """False: it was asked a moment ago."""
        reading = self._begin()
        if reading is None:
            return False
        await asyncio.shield(reading)  # others wait for it, too
        return True

    def _begin(self) -> asyncio.Task[None] | None:
        if self._reading is None and self._clock() >= self._rests_until:
            self._rests_until = self._clock() + PAUSE_SECONDS
            self._reading = asyncio.create_task(self._renew())
        return self._reading

    async def _renew(self) -> None:
        try:
            document, seconds = await self._read()
            lifetime = USUAL_SECONDS if seconds is None else seconds
            self._keys = usable(document)
            self._expires = self._clock() + min(max(lifetime, SHORTEST_SECONDS), LONGEST_SECONDS)
            self._failed = False
        except ProofroomError as error:
            self._failed = True
            log.warning("issuer.unreachable", reason=error.detail)
        finally:
            self._reading = None


def usable(document: Mapping[str, Any]) -> dict[tuple[str | None, str], PyJWK]:
    """By the key's id and each algorithm that it may be used with; what is not for verifying is left out.

    Raises IssuerUnreachable where none is left.
    """
    keys: dict[tuple[str | None, str], PyJWK] = {}
    given = document.get("keys")
    for jwk in given if isinstance(given, list) else []:
        if not isinstance(jwk, dict) or not _verifies(jwk):
            continue
        for algorithm, kty in ALGORITHMS.items():
            if jwk.get("kty") == kty and jwk.get("alg", algorithm) == algorithm:
                try:
                    keys[jwk.get("kid"), algorithm] = PyJWK(jwk, algorithm)
                except (PyJWTError, TypeError, ValueError):
                    continue  # of another curve, or broken: the others are still good
    if not keys:
        raise IssuerUnreachable("It publishes no key that can be used.")
    return keys


def _verifies(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
