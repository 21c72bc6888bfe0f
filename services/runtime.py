"""What a worker process lends to every advance of a thread."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from agents.base import Critic, Writer
from core.crypto import Keyring
from core.db import Database
from core.settings import Settings
from services.claims import Claim


@dataclass(slots=True)
class Runtime:
    """`http` reaches the platforms. `on_delta(claim, service, sequence, text)` passes a draft's text on as it is written."""

    settings: Settings
    db: Database
    keyring: Keyring
    writer: Writer
    critic: Critic
    http: httpx.AsyncClient
    on_delta: Callable[[Claim, str, int, str], None]
    draining: bool = False
    """Stop at the next step and give the thread back."""
