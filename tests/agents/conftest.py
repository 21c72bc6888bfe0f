"""Requests as a graph would make them, on a platform's real policy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from pydantic import SecretStr

from agents.base import Brief, ModelCall, Source, Usage
from core.settings import ModelPrice, Settings
from tests.plugins.openai_server import OpenAIServer


@dataclass
class Ledger:
    """A meter that writes everything down, in order."""

    calls: list[ModelCall] = field(default_factory=list)
    deltas: list[tuple[ModelCall, str]] = field(default_factory=list)
    usages: list[tuple[ModelCall, Usage]] = field(default_factory=list)
    refusal: Exception | None = None

    async def before(self, call: ModelCall) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.calls.append(call)

    async def delta(self, call: ModelCall, text: str) -> None:
        self.deltas.append((call, text))

    async def after(self, call: ModelCall, usage: Usage) -> None:
        self.usages.append((call, usage))

    @property
    def statuses(self) -> list[str]:
        return [usage.status for _, usage in self.usages]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def model_settings(openai_server: OpenAIServer) -> Settings:
    return Settings(
        openai_base_url=openai_server.base_url,
        openai_api_key=SecretStr("sk-very-secret"),
        writer_model="test-writer",
        critic_model="test-critic",
        model_timeout_seconds=20,
        model_retries=2,
        model_prices={"test-writer": ModelPrice(input=Decimal(1), output=Decimal(10))},
    )


@pytest.fixture
def brief() -> Callable[..., Brief]:
    def make(text: str, title: str | None = None, **wishes: object) -> Brief:
        return Brief.model_validate({"source": Source(text=text, title=title), **wishes})

    return make
