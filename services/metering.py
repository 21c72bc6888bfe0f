"""Model calls on the record: budgets before, the text as it is written, tokens and money after.

A paid call's usage is written at once and in a commit of its own, so that it is counted even when the run is lost.
Under a budget the call is first reserved at its highest possible price; a call whose worker died keeps that price
until somebody knows better. Free calls (the offline model) are handed over with the advance that they belong to.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from agents.base import OFFLINE, ModelCall, Usage
from core import metrics
from core.db import Database
from core.errors import BudgetExceeded
from core.outages import is_outage

Delta = Callable[[str, str], None]
"""(service, text): a piece of a draft as it is written."""

_BUDGETED = text("SELECT EXISTS (SELECT FROM budgets)")
_LOCK_BUDGETS = text("SELECT period, limit_usd FROM budgets ORDER BY id FOR UPDATE")

_SPENT = text("""
SELECT coalesce(sum(cost_usd), 0) FROM token_usage
WHERE workspace_id = :workspace_id AND created_at >= date_trunc(:period, now(), 'UTC')
""")

_RECORD = text("""
INSERT INTO token_usage (id, workspace_id, workflow_id, thread_id, service, model, prompt_hash, input_tokens,
    output_tokens, cost_usd, latency_ms, status)
VALUES (:id, :workspace_id, :workflow_id, :thread_id, :service, :model, :prompt_hash, :input_tokens,
    :output_tokens, :cost_usd, :latency_ms, :status)
ON CONFLICT (id) DO UPDATE SET input_tokens = EXCLUDED.input_tokens, output_tokens = EXCLUDED.output_tokens,
    cost_usd = EXCLUDED.cost_usd, latency_ms = EXCLUDED.latency_ms, status = EXCLUDED.status
""")


@dataclass(slots=True)
class DatabaseMeter:
    """The meter of one advance of one thread, or of work for a workspace that belongs to no thread."""

    db: Database
    workspace_id: UUID
    workflow_id: UUID | None
    thread_id: UUID | None
    budgeted: bool
    on_delta: Delta
    free: list[dict[str, Any]] = field(default_factory=list)
    """Usage rows for the advance's own commit: of free calls, and of what could not be recorded at once."""
    paid: list[UUID] = field(default_factory=list)

    async def before(self, call: ModelCall) -> None:
        """Raises BudgetExceeded, saying what is left, when this call could break the workspace's budget."""
        if not self.budgeted or call.model == OFFLINE:
            return
        if call.max_cost_usd is None:
            raise BudgetExceeded(
                f"The price of {call.model} is not known, and this workspace has a budget.",
                remedy="Add the model to PROOFROOM_MODEL_PRICES, or remove the budget.",
            )
        async with self.db.service(self.workspace_id) as session:
            for period, limit in (await session.execute(_LOCK_BUDGETS)).all():
                found = await session.execute(_SPENT, {"workspace_id": self.workspace_id, "period": period})
                left = limit - found.scalar_one()
                if call.max_cost_usd > left:
                    raise BudgetExceeded(
                        f"This call to {call.model} may cost {call.max_cost_usd} USD; of the budget of {limit} USD "
                        f"a {period} {max(left, Decimal(0))} USD is left.",
                        remedy="Raise the budget, or wait for the next period; then retry the thread.",
                    )
            await session.execute(
                _RECORD,
                {**self._row(call, Usage(0, 0, call.max_cost_usd, 0, "cancelled")), "status": "reserved"},
            )

    async def delta(self, call: ModelCall, text: str) -> None:
        self.on_delta(call.service, text)

    async def after(self, call: ModelCall, usage: Usage) -> None:
        metrics.record_model_call(call.service, call.model, usage)
        row = self._row(call, usage)
        if call.model == OFFLINE:
            self.free.append(row)
            return
        # The run may be cancelled at this very moment; what was paid is recorded all the same.
        try:
            await asyncio.shield(asyncio.ensure_future(self._record(row)))
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            self.free.append(
                row
            )  # what it brought must not be lost: both go with the advance's own commit, which waits
        else:
            self.paid.append(call.id)

    async def _record(self, row: dict[str, Any]) -> None:
        async with self.db.service(self.workspace_id) as session:
            await session.execute(_RECORD, row)

    def take(self) -> tuple[list[dict[str, Any]], list[UUID]]:
        """The free calls' rows and the ids of the paid ones since the last taking."""
        taken = self.free, self.paid
        self.free, self.paid = [], []
        return taken

    async def hand_over(self, session: AsyncSession) -> None:
        """Writes in this transaction what `take` would return, where there is no advance to take it."""
        free, _ = self.take()
        for row in free:
            await session.execute(_RECORD, row)

    def _row(self, call: ModelCall, usage: Usage) -> dict[str, Any]:
        return {
            "id": call.id,
            "workspace_id": self.workspace_id,
            "workflow_id": self.workflow_id,
            "thread_id": self.thread_id,
            "service": call.service,
            "model": call.model,
            "prompt_hash": call.prompt_hash,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": usage.cost_usd,
            "latency_ms": usage.latency_ms,
            "status": usage.status,
        }


async def of_workspace(db: Database, workspace_id: UUID) -> DatabaseMeter:
    """For what belongs to no thread. End with `hand_over`."""
    async with db.service(workspace_id) as session:
        budgeted = (await session.execute(_BUDGETED)).scalar_one()
    return DatabaseMeter(db, workspace_id, None, None, budgeted, lambda _service, _text: None)
