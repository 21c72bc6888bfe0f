"""Signing in at the issuer from the sign-in page: OpenID Connect's code flow with PKCE, a state and a nonce."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any, Final, Self
from urllib.parse import quote_plus

import httpx

from core.crypto import Keyring, Undecryptable
from core.errors import Unauthenticated
from core.oidc import Issuer, call, endpoint
from core.settings import Settings

SECONDS: Final = 600
"""For signing in there."""
SCOPE: Final = "openid profile email"
_CONTEXT: Final = "cookie:oidc"


class SignInFailed(Unauthenticated):
    title = "Signing in there did not work"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a browser keeps, sealed, from when it leaves until it is back; another browser cannot end what it began."""

    state: str
    nonce: str
    verifier: str
    next: str
    """Where they wanted to go."""
    begun: float
    """Unix time."""

    @classmethod
    def begin(cls, where: str) -> Self:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, where, time.time())

    def seal(self, keyring: Keyring) -> str:
        return base64.urlsafe_b64encode(keyring.encrypt(json.dumps(asdict(self)).encode(), _CONTEXT)).decode()

    @classmethod
    def unseal(cls, keyring: Keyring, sealed: str, state: str) -> Self:
        """Raises SignInFailed for what this browser did not begin, or too long ago."""
        try:
            found = cls(**json.loads(keyring.decrypt(base64.urlsafe_b64decode(sealed), _CONTEXT)))
        except (Undecryptable, ValueError, TypeError):
            raise _not_begun() from None
        if not _same(found.state, state) or time.time() > found.begun + SECONDS:
            raise _not_begun()
        return found


async def address(issuer: Issuer, settings: Settings, attempt: Attempt, callback: str) -> str:
    """The issuer's page. Raises IssuerRefused and IssuerUnreachable."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": settings.oidc_client_id or "",
        "redirect_uri": callback,
        "scope": SCOPE,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    page = endpoint(await issuer.metadata(), "authorization_endpoint")
    return str(httpx.URL(page).copy_merge_params(asked))


async def claims(
    issuer: Issuer, settings: Settings, attempt: Attempt, callback: str, code: str
) -> dict[str, Any]:
    """Of who signed in there. Raises SignInFailed, InvalidToken, IssuerRefused and IssuerUnreachable."""
    client_id = settings.oidc_client_id or ""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": attempt.verifier,
    }
    metadata = await issuer.metadata()
    known = _client(settings, client_id, metadata.get("token_endpoint_auth_methods_supported"))
    answer, _ = await call(
        settings, "POST", endpoint(metadata, "token_endpoint"), data=form | known[0], headers=known[1]
    )
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise SignInFailed("The issuer did not say who signed in.", remedy="Try again.")
    found = await issuer.verify(token, [client_id])
    if not _same(str(found.get("nonce")), attempt.nonce) or found.get("azp", client_id) != client_id:
        raise SignInFailed("The issuer's answer belongs to another sign-in.", remedy="Try again.")
    return found


def _client(settings: Settings, client_id: str, methods: object) -> tuple[dict[str, str], dict[str, str]]:
    """How the client says who it is, as (form, headers): by header unless the issuer takes the form alone (RFC 6749, 2.3.1)."""
    if settings.oidc_client_secret is None:
        return {"client_id": client_id}, {}
    secret = settings.oidc_client_secret.get_secret_value()
    if isinstance(methods, list) and "client_secret_basic" not in methods and "client_secret_post" in methods:
        return {"client_id": client_id, "client_secret": secret}, {}
    pair = base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
    return {}, {"Authorization": f"Basic {pair}"}


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _not_begun() -> SignInFailed:
    return SignInFailed(
        "It was begun in another browser, or too long ago, or cookies are switched off.", remedy="Try again."
    )
