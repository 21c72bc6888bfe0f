"""What the owner of a workspace does by the API, for the scripts that look at pages."""

import time
from pathlib import Path
from typing import Any, Final

import httpx

from tests.plugins.author import rests

ROOT: Final = Path(__file__).parent.parent
_PATIENCE_SECONDS: Final = 120

Json = dict[str, Any]


def example(name: str) -> Path:
    return next((ROOT / "examples").glob(f"*{name}.md"))


class Owner:
    def __init__(self, url: str, simulator_url: str, api_key: str) -> None:
        self.api = httpx.Client(base_url=url, headers={"X-Api-Key": api_key}, timeout=30)
        self.simulators = httpx.Client(base_url=simulator_url, trust_env=False)

    def post(self, path: str, **body: Any) -> Json:
        answer = self.api.post(path, json=body).raise_for_status()
        made: Json = answer.json()
        return made

    def write(self, name: str, *platforms: str) -> Json:
        """A workflow, as it is begun."""
        source = {"type": "text", "text": example(name).read_text()}
        return self.post("/v1/workflows", source=source, platforms=platforms)

    def rested(self, workflow_id: str) -> Json:
        """As soon as nothing moves any more."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found: Json = self.api.get(f"/v1/workflows/{workflow_id}", params={"wait": 2}).json()
            if all(map(rests, found["threads"])):
                return found
            assert time.monotonic() < deadline, found
