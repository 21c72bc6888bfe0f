"""Model calls on the record, and the budget that stops them before they are made."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import SecretStr
from sqlalchemy import text
from uuid_utils.compat import uuid7

from agents.base import ModelCall, Usage
from core.db import Database
from services import budgets, threads, workflows
from services.commit import Advance, commit
from services.metering import DatabaseMeter
from tests.plugins.scene import HASH, Scene


async def budget(scene: Scene, limit: str, period: str = "day") -> None:
    await scene.execute(
        "INSERT INTO budgets (workspace_id, period, limit_usd) VALUES (:workspace_id, :period, :limit_usd)",
        workspace_id=scene.principal.workspace_id,
        period=period,
        limit_usd=Decimal(limit),
    )


def paid(scene: Scene, *, cost: str, at_most: str | None) -> None:
    scene.words.model = "dear-model"
    scene.words.cost = Decimal(cost)
    scene.words.max_cost = Decimal(at_most) if at_most is not None else None


async def test_every_paid_call_is_recorded_with_its_draft(scene: Scene) -> None:
    paid(scene, cost="0.25", at_most="1")
    await scene.start("x")
    await scene.advance()
    draft = await scene.row("SELECT id FROM drafts")
    rows = await scene.rows("SELECT * FROM token_usage ORDER BY service")
    assert [(row["service"], row["cost_usd"], row["draft_id"]) for row in rows] == [
        ("critic", Decimal("0.25"), draft["id"]),
        ("writer", Decimal("0.25"), draft["id"]),
    ]


async def test_paid_tokens_count_even_when_the_run_fails(scene: Scene) -> None:
    paid(scene, cost="0.25", at_most="1")
    scene.words.texts = iter([ValueError("malformed")])
    await scene.start("x")
    await scene.advance()
    (row,) = await scene.rows("SELECT * FROM token_usage")
    assert (row["status"], row["cost_usd"], row["draft_id"]) == ("failed", Decimal("0.25"), None)


async def test_a_reserved_call_costs_what_it_cost_though_its_end_could_not_be_recorded_at_once(
    scene: Scene,
) -> None:
    await budget(scene, "1.00")
    await scene.start("x")
    (claim,) = await scene.claim()
    whose = claim.workspace_id, claim.workflow_id, claim.thread_id
    meter = DatabaseMeter(scene.db, *whose, budgeted=True, on_delta=lambda _service, _text: None)
    call = ModelCall(uuid7(), "writer", "dear-model", HASH, Decimal("0.60"))
    await meter.before(call)
    nowhere = SecretStr("postgresql://nobody@127.0.0.1:1/none")
    meter.db = Database(scene.settings.model_copy(update={"database_url": nowhere}))
    await meter.after(call, Usage(10, 20, Decimal("0.25"), 5, "completed"))
    free, _ = meter.take()
    async with scene.db.autocommit() as connection:
        await commit(connection, claim, Advance(status="generating", thread_status="busy", usage=free))
    row = await scene.row("SELECT status, cost_usd, output_tokens FROM token_usage")
    assert (row["status"], row["cost_usd"], row["output_tokens"]) == ("completed", Decimal("0.25"), 20)


async def test_a_call_that_could_break_the_budget_is_not_made(scene: Scene) -> None:
    await budget(scene, "1.00")
    paid(scene, cost="0.30", at_most="0.60")
    (thread_id,) = await scene.start("x")
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "awaiting_review", "0.60 spent by two calls"
    (second,) = await scene.start("x")
    await scene.advance()
    state = await scene.state(second)
    assert state["status"] == "failed", "at once: trying again changes nothing"
    assert "BudgetExceeded" in state["error"]
    assert "0.4" in state["error"], "it says what is left"
    assert len(await scene.rows("SELECT * FROM token_usage")) == 2
    await scene.execute("UPDATE budgets SET limit_usd = 5")
    async with scene.tenant() as session:
        await workflows.retry(session, second)
    await scene.advance()
    assert (await scene.state(second))["status"] == "awaiting_review"


async def test_an_unknown_price_under_a_budget_is_refused(scene: Scene) -> None:
    await budget(scene, "100")
    paid(scene, cost="0", at_most=None)
    (thread_id,) = await scene.start("x")
    await scene.advance()
    assert "price of dear-model is not known" in (await scene.state(thread_id))["error"]


async def test_the_offline_model_costs_nothing_and_needs_no_budget(scene: Scene) -> None:
    await budget(scene, "0")
    (thread_id,) = await scene.start("x")
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "awaiting_review"


async def test_a_month_ends_at_midnight_in_utc_wherever_the_database_is(scene: Scene) -> None:
    await budget(scene, "1.00", "month")
    today = min(datetime.now(UTC).timetuple().tm_yday, 365)
    async with scene.tenant() as session:
        summer = f"J{today},J{(today + 42) % 365 + 1}"  # from today over the next first day
        await session.execute(text(f"SET LOCAL timezone = 'AAA0BBB,{summer}'"))
        (state,) = await budgets.browse(session)
    ends = state.resets_at.astimezone(UTC)
    assert (ends.day, ends.hour) == (1, 0)


async def test_two_calls_at_once_do_not_both_take_the_last_money(scene: Scene) -> None:
    await budget(scene, "1.00")
    paid(scene, cost="0.40", at_most="0.60")
    scene.words.write_seconds = 0.3
    await scene.start("x")
    await scene.start("x")
    await asyncio.gather(*(threads.advance(claim, scene.runtime) for claim in await scene.claim()))
    states = await scene.rows("SELECT status, error FROM platform_states")
    assert "failed" in [state["status"] for state in states]
    spent = (await scene.row("SELECT sum(cost_usd) AS s FROM token_usage"))["s"]
    assert spent <= Decimal("1.00")
