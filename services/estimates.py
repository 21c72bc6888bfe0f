"""What a brief was understood as, and what it may cost at most, before anything is started."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from agents.base import Brief, CondenseRequest, JudgeRequest, Source, WriteRequest
from agents.offline.writer import WINDOW_WORDS
from agents.passages import size
from agents.prompt import article
from core.content import Content
from core.db import Database
from core.policy import Policy
from core.principal import Principal
from core.settings import ModelPrice, Settings
from graphs import condensing
from graphs.condensing import Pass
from graphs.context import brief_of, wishes
from graphs.state import State
from platforms.registry import PLATFORMS, PlatformName
from services import briefs, budgets, workflows
from services.briefs import StartWorkflow
from services.style import style_rules

OPENING: Final = 600
"""Characters of the source that are shown."""
_MARKED: Final = 1.25
"""Of a source's length: with the numbers of its passages and the headings above each piece."""


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
class Calls:
    """`cost_usd_max`: None where the price of a model is not known. A call that fails and is made again is not counted."""

    model_calls_max: int
    cost_usd_max: Decimal | None


@dataclass(frozen=True, slots=True)
class PlatformEstimate(Calls):
    policy: Policy


@dataclass(frozen=True, slots=True)
class Estimate:
    source: Understood
    reading: Calls
    """Of a source that is too long to be read at once: its pieces, once for all platforms."""
    platforms: Sequence[PlatformEstimate]
    budget_left_usd: Decimal | None
    """Of the budget with the least left; None without one."""

    @property
    def model_calls_max(self) -> int:
        return sum(each.model_calls_max for each in (self.reading, *self.platforms))

    @property
    def cost_usd_max(self) -> Decimal | None:
        costs = [each.cost_usd_max for each in (self.reading, *self.platforms)]
        return None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))


async def preview(db: Database, settings: Settings, principal: Principal, brief: StartWorkflow) -> Estimate:
    """Of a brief whose source has been fetched. Stores nothing; raises what starting would."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        source, wanted = await briefs.prepare(session, principal, brief)
        options = await workflows.with_standing(session, principal, wanted)
        left = [budget.remaining_usd for budget in await budgets.browse(session)]
    # Off the event loop: the words may be a million, and what builds the prompts takes a second to load.
    reading, found = await asyncio.to_thread(_foreseen, settings, brief.platforms, source, options)
    return Estimate(understood(source), reading, found, min(left, default=None))


def understood(source: Source) -> Understood:
    text = source.text
    words = len(text.split())
    return Understood(source.type, source.url, source.title, source.id, words, len(text), text[:OPENING])


def _foreseen(
    settings: Settings, names: Sequence[PlatformName], source: Source, options: dict[str, Any]
) -> tuple[Calls, list[PlatformEstimate]]:
    rounds = wishes(cast("State", {"options": options}), None).max_rounds
    policies = [PLATFORMS[name].policy for name in names]
    window = settings.model_window_words if settings.model_backed else WINDOW_WORDS
    passes = condensing.passes_at_most(source, window)
    calls = sum(each.calls for each in passes)
    if not settings.model_backed:
        free = Decimal(0)
        return Calls(calls, free), [PlatformEstimate(2 * rounds, free, policy) for policy in policies]
    prices = [settings.model_prices.get(name) for name in (settings.writer_model, settings.critic_model)]
    read = min(1.0, window / size(source.text)) if passes else 1.0
    costs = [_writing(prices, policy, source, options, rounds, read) for policy in policies]
    return Calls(calls, _reading(prices[0], source, passes)), [
        PlatformEstimate(2 * rounds, cost, policy) for policy, cost in zip(policies, costs, strict=True)
    ]


def _reading(price: ModelPrice | None, source: Source, passes: Sequence[Pass]) -> Decimal | None:
    """A token is at least a byte of what goes in, and an answer has a limit: the bounds that a call under a budget is
    reserved with."""
    from agents import condense, llm

    if price is None:
        return None
    empty = condense.question(CondenseRequest(Brief(source=source.model_copy(update={"text": ""})), (), 0))
    each = len(empty.prompt("").text.encode()) + llm.OVERHEAD_TOKENS
    calls = sum(one.calls for one in passes)
    text = sum(one.share for one in passes) * len(source.text.encode()) * _MARKED
    return _price(price, calls * each + int(text), calls * llm.MAX_OUTPUT_TOKENS)


def _writing(
    prices: Sequence[ModelPrice | None],
    policy: Policy,
    source: Source,
    options: dict[str, Any],
    rounds: int,
    read: float,
) -> Decimal | None:
    """By the same bounds. From the second round on the writer reads its draft and the critic's notes, answers both; `read`
    is the share of the source that they see."""
    from agents import critic, llm, writer

    if prices[0] is None or prices[1] is None:
        return None
    told = options | {"rules": style_rules.told_to(policy.platform, options)}
    state = cast("State", {"source": {**source.model_dump(), "text": ""}, "options": told})
    brief = brief_of(state, wishes(state, None))
    text = int(read * len("\n\n".join(article(Brief(source=source)).values()).encode()))
    writing = writer.question(WriteRequest(brief=brief, policy=policy, sequence=0))
    judging = critic.question(JudgeRequest(brief=brief, policy=policy, content=Content(content="")))
    writer_in, critic_in = (
        len(asked.prompt("").text.encode()) + text + llm.OVERHEAD_TOKENS for asked in (writing, judging)
    )
    answer = llm.MAX_OUTPUT_TOKENS
    writing_in = rounds * writer_in + (rounds - 1) * 2 * answer
    judging_in = rounds * (critic_in + answer)
    return _price(prices[0], writing_in, rounds * answer) + _price(prices[1], judging_in, rounds * answer)


def _price(price: ModelPrice, tokens_in: int, tokens_out: int) -> Decimal:
    return (tokens_in * price.input + tokens_out * price.output) / 1_000_000
