"""What an issuer of tokens says of itself, and whether a token is its word (OpenID Connect; Clerk's session tokens, too)."""

import asyncio
import json
import re
import time
from collections.abc import Collection, Mapping
from typing import Any, Final, Self

import httpx
import jwt
from jwt import exceptions as refused

from core.errors import InvalidToken, ProofroomError, Unauthenticated
from core.http import body_of, operator_client
from core.jwks import ALGORITHMS, IssuerUnreachable, Jwks, KeySet
from core.settings import Settings, is_protected

PUBLISHED_SECONDS: Final = 600.0
"""What the issuer says of itself is kept: not everybody who looks at its sign-in page makes us ask."""
ANSWER_BYTES: Final = 256 * 1024
ANSWER_SECONDS: Final = 5.0
LEEWAY_SECONDS: Final = 30
"""By which the issuer's clock and ours may differ."""
SUBJECT_LENGTH: Final = 255
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""An issuer signs other things with the same keys: what ends sessions, for one."""
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})")


def looks_like_token(credential: str) -> bool:
    """Sessions and API keys of our own have no dots."""
    return credential.count(".") == 2


class IssuerRefused(Unauthenticated):
    title = "The issuer refused"


class Issuer:
    """The one that is configured; its keys are kept by this process."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.name = name
        self._settings = settings
        self.keys = KeySet(self._jwks)
        self._published: dict[str, Any] = {}
        self._published_until = 0.0

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        return cls(settings, settings.oidc_issuer) if settings.oidc_issuer else None

    async def bearer(self, token: str) -> dict[str, Any]:
        """The claims of a token that somebody calls the API with. Raises as `verify`."""
        claims = await self.verify(token, self._settings.oidc_audience)
        parties = self._settings.oidc_authorized_parties
        if parties and claims.get("azp", parties[0]) not in parties:
            raise InvalidToken("The token was given to another application (azp).")
        if claims.get("sts") == "pending":  # Clerk's: somebody who has not done all that signing in takes
            raise InvalidToken("The session at the issuer is still pending.")
        return claims

    async def verify(self, token: str, audience: Collection[str]) -> dict[str, Any]:
        """The claims of a token that is the issuer's word, is for one of `audience` (none: for anybody), and holds now.

        Raises InvalidToken with the reason, which has nothing of the token in it, and IssuerUnreachable.
        """
        try:
            unproven = jwt.decode_complete(token, options={"verify_signature": False})
            header, kid = unproven["header"], unproven["header"].get("kid")
            algorithm = header.get("alg")
            if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
                raise InvalidToken("The token is not signed by an algorithm that is accepted.")
            if str(header.get("typ", "jwt")).lower() not in _TYPES:
                raise InvalidToken("The token is not for calling an API.")
            if unproven["payload"].get("iss") != self.name:
                raise InvalidToken("The token is of another issuer.")
            key = await self.keys.find(kid, algorithm)
            if key is None:
                raise InvalidToken("The token is signed by a key that the issuer does not have.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self.name,
                audience=audience or None,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["exp", "iat", "sub"],
                    "verify_aud": bool(audience),
                    "enforce_minimum_key_length": True,
                },
            )
        except refused.PyJWTError as error:
            raise InvalidToken(_reason(error), remedy="Get a new token from the issuer.") from None
        if not claims["sub"] or len(claims["sub"]) > SUBJECT_LENGTH or not claims["sub"].isprintable():
            raise InvalidToken(f"The token's subject is not a text of 1 to {SUBJECT_LENGTH} characters.")
        return claims

    async def metadata(self) -> dict[str, Any]:
        """What it publishes of itself. Raises IssuerRefused and IssuerUnreachable."""
        if time.monotonic() < self._published_until:
            return self._published
        document, _ = await self._read(f"{self.name.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.name:
            raise IssuerUnreachable("What it publishes is of another issuer than PROOFROOM_OIDC_ISSUER.")
        self._published, self._published_until = document, time.monotonic() + PUBLISHED_SECONDS
        return document

    async def _jwks(self) -> Jwks:
        url = self._settings.oidc_jwks_url or endpoint(await self.metadata(), "jwks_uri")
        document, headers = await self._read(url)
        age = _MAX_AGE.search(headers.get("cache-control", "").lower())
        return document, float(age[1]) if age else None

    async def _read(self, url: str) -> tuple[dict[str, Any], httpx.Headers]:
        return await call(self._settings, "GET", url)


async def call(
    settings: Settings, method: str, url: str, **request: Any
) -> tuple[dict[str, Any], httpx.Headers]:
    """A JSON object from the issuer; redirects are not followed. Raises IssuerRefused and IssuerUnreachable."""
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            operator_client(settings, ANSWER_SECONDS) as http,
            http.stream(method, url, **request) as response,
        ):
            if response.is_client_error:
                raise IssuerRefused(f"The issuer answered {response.status_code}.", remedy="Try again.")
            response.raise_for_status()
            document = json.loads(await body_of(response, ANSWER_BYTES))
    except IssuerRefused:
        raise
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError, ProofroomError) as error:
        raise IssuerUnreachable(f"It did not answer as it should ({type(error).__name__}).") from error
    if not isinstance(document, dict):
        raise IssuerUnreachable("It answered something that is no JSON object.")
    return document, response.headers


def endpoint(metadata: Mapping[str, Any], name: str) -> str:
    """Raises IssuerUnreachable."""
    url = metadata.get(name)
    if not isinstance(url, str) or not is_protected(url):
        raise IssuerUnreachable(f"It publishes no https:// address as {name}.")
    return url


def _reason(error: refused.PyJWTError) -> str:
    match error:
        case refused.ExpiredSignatureError():
            return "The token has expired."
        case refused.ImmatureSignatureError():
            return "The token is not valid yet."
        case refused.InvalidAudienceError():
            return "The token is for another audience."
        case refused.InvalidSignatureError():
            return "The token's signature is wrong."
        case refused.MissingRequiredClaimError() as missing if missing.claim == "aud":
            return "The token is for another audience."
        case refused.MissingRequiredClaimError() as missing:
            return f"The token has no {missing.claim}."
        case refused.InvalidKeyError():
            return "The token is signed by a key that is too short."
        case _:
            return "The token is malformed."
