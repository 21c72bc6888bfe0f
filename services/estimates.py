"""What a brief was understood as, and what it may cost at most, before anything is started."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from agents.base import JudgeRequest, Source, WriteRequest
from agents.offline.writer import WINDOW_WORDS
from core.content import Content
from core.db import Database
from core.policy import Policy
from core.principal import Principal
from core.settings import ModelPrice, Settings
from graphs import condensing
from graphs.context import brief_of, wishes
from graphs.state import State
from platforms.registry import PLATFORMS, PlatformName
from services import budgets, workflows
from services.workflows import StartWorkflow

OPENING: Final = 600
"""Characters of the source that are shown."""
_TONE_BYTES: Final = 2_000
"""The profile's tone of voice, at its longest; it joins the options when the workflow is started."""


@dataclass(frozen=True, slots=True)
class Understood:
    type: str
    url: str | None
    title: str | None
    id: UUID | None
    words: int
    characters: int
    opening: str


@dataclass(frozen=True, slots=True)
class PlatformEstimate:
    policy: Policy
    model_calls_max: int
    """A call that fails and is made again is not among them."""
    cost_usd_max: Decimal | None
    """None: the price of a model is not known."""


@dataclass(frozen=True, slots=True)
class Estimate:
    source: Understood
    platforms: Sequence[PlatformEstimate]
    budget_left_usd: Decimal | None
    """Of the budget with the least left; None without one."""

    @property
    def cost_usd_max(self) -> Decimal | None:
        costs = [each.cost_usd_max for each in self.platforms]
        return None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))


async def preview(db: Database, settings: Settings, principal: Principal, brief: StartWorkflow) -> Estimate:
    """Of a brief whose source has been fetched. Stores nothing; raises what starting would."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        source, options = await workflows.prepare(session, principal, brief)
        left = [budget.remaining_usd for budget in await budgets.browse(session)]
    # Off the event loop: the words may be a million, and what builds the prompts takes a second to load.
    found = await asyncio.to_thread(_platforms, settings, brief.platforms, source, options)
    return Estimate(understood(source), found, min(left, default=None))


def understood(source: Source) -> Understood:
    text = source.text
    words = len(text.split())
    return Understood(source.type, source.url, source.title, source.id, words, len(text), text[:OPENING])


def _platforms(
    settings: Settings, names: Sequence[PlatformName], source: Source, options: dict[str, Any]
) -> list[PlatformEstimate]:
    state = cast("State", {"source": source.model_dump(), "options": options})
    rounds = wishes(state, None).max_rounds
    policies = [PLATFORMS[name].policy for name in names]
    if not settings.model_backed:
        calls = 2 * rounds + condensing.calls_at_most(source, WINDOW_WORDS)
        return [PlatformEstimate(policy, calls, Decimal(0)) for policy in policies]
    first = condensing.calls_at_most(source, settings.model_window_words)
    return [
        PlatformEstimate(policy, first + 2 * rounds, _cost(settings, policy, state, rounds, first))
        for policy in policies
    ]


def _cost(settings: Settings, policy: Policy, state: State, rounds: int, first: int) -> Decimal | None:
    """By the bounds that a call under a budget is reserved with: a token is at least a byte of what goes in, and an answer
    has a limit. From the second round on the writer reads its draft and the critic's notes, answers both. `first` calls
    come before it, which read a long source."""
    from agents import critic, llm, writer

    prices = [settings.model_prices.get(name) for name in (settings.writer_model, settings.critic_model)]
    if prices[0] is None or prices[1] is None:
        return None
    brief = brief_of(state, wishes(state, None))
    writing = writer.question(WriteRequest(brief=brief, policy=policy, sequence=0))
    judging = critic.question(JudgeRequest(brief=brief, policy=policy, content=Content(content="")))
    read = [
        len(asked.prompt("").text.encode()) + _TONE_BYTES + llm.OVERHEAD_TOKENS
        for asked in (writing, judging)
    ]
    answer = llm.MAX_OUTPUT_TOKENS
    # No call reads more of a long source than the prompt that holds all of it.
    writing_in = (first + rounds) * read[0] + (rounds - 1) * 2 * answer
    return _price(prices[0], writing_in, (first + rounds) * answer) + _price(
        prices[1], rounds * (read[1] + answer), rounds * answer
    )


def _price(price: ModelPrice, tokens_in: int, tokens_out: int) -> Decimal:
    return (tokens_in * price.input + tokens_out * price.output) / 1_000_000
