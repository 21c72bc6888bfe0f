"""An issuer of tokens on loopback: OpenID Connect's discovery, keys that change, outages, and sign-in by code."""

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

if TYPE_CHECKING:
    from aiohttp import web

CLIENT_ID, CLIENT_SECRET = "proofroom", "a secret: with colons"


@dataclass(frozen=True)
class Key:
    kid: str
    algorithm: str
    private: Any

    @property
    def public(self) -> dict[str, Any]:
        to_jwk = RSAAlgorithm.to_jwk if self.algorithm.startswith("RS") else ECAlgorithm.to_jwk
        jwk: dict[str, Any] = json.loads(to_jwk(self.private.public_key()))
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


@cache
def rsa_key(bits: int = 2048) -> Any:
    """Once for a process: finding one takes a tenth of a second."""
    return rsa.generate_private_key(65537, bits)


def ec_key(kid: str) -> Key:
    return Key(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


@dataclass
class Elsewhere:
    """`issuer.token("user_1")` is a token of somebody's; `issuer.keys` is what it publishes, the first signs."""

    url: str = ""
    keys: list[Key] = field(default_factory=lambda: [Key("rsa", "RS256", rsa_key()), ec_key("ec")])
    max_age: int | None = None
    down: bool = False
    """It has no keys for who asks."""
    silent: bool = False
    """It does not say what it is, either."""
    read: int = 0
    """How often its keys were."""
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Code: what was asked for with it, and the claims of who signed in."""

    def claims(self, sub: str, **more: Any) -> dict[str, Any]:
        """As Clerk's session tokens have them; None leaves one out."""
        now = int(time.time())
        given = {
            "iss": self.url,
            "sub": sub,
            "sid": "sess_1",
            "azp": "https://app.example.com",
            "iat": now,
            "nbf": now - 10,
            "exp": now + 60,
        }
        return {name: value for name, value in (given | more).items() if value is not None}

    def token(self, sub: str, *, key: Key | None = None, **claims: Any) -> str:
        return self.sign(self.claims(sub, **claims), key)

    def sign(self, claims: dict[str, Any], key: Key | None = None, **headers: Any) -> str:
        key = key or self.keys[0]
        return jwt.encode(claims, key.private, key.algorithm, {"kid": key.kid} | headers)

    def sign_in(self, location: str, sub: str, **claims: Any) -> str:
        """What its own page does: who signs in there is sent back to this address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "claims": claims | {"sub": sub}}
        back = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return f"{urlsplit(asked['redirect_uri']).path}?{back}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """A code is good once, for whoever asked for it."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        secret = base64.b64encode(b"proofroom:a+secret%3A+with+colons").decode()
        if authorization != f"Basic {secret}":
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        more = {"aud": CLIENT_ID, "azp": CLIENT_ID, "nonce": asked["nonce"]} | asked["claims"]
        return 200, {"token_type": "Bearer", "id_token": self.token(**more)}


@pytest.fixture
async def issuer() -> "AsyncIterator[Elsewhere]":
    from aiohttp import web  # slow to load, and most tests do not need it

    made = Elsewhere()

    async def discovery(_: "web.Request") -> "web.Response":
        if made.silent:
            raise web.HTTPServiceUnavailable
        return web.json_response(
            {
                "issuer": made.url,
                "jwks_uri": f"{made.url}/jwks",
                "authorization_endpoint": f"{made.url}/authorize?tenant=1",
                "token_endpoint": f"{made.url}/token",
            }
        )

    async def jwks(_: "web.Request") -> "web.Response":
        made.read += 1
        if made.down:
            raise web.HTTPServiceUnavailable
        headers = {} if made.max_age is None else {"Cache-Control": f"public, max-age={made.max_age}"}
        return web.json_response({"keys": [key.public for key in made.keys]}, headers=headers)

    async def token(request: "web.Request") -> "web.Response":
        form = {name: str(value) for name, value in (await request.post()).items()}
        status, answer = made.exchange(form, request.headers.get("Authorization", ""))
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", discovery)
    app.router.add_get("/jwks", jwks)
    app.router.add_post("/token", token)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    yield made
    await runner.cleanup()
