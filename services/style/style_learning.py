"""From what people edit: a habit that shows again and again becomes a proposed rule of style."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from agents.base import ModelFailed
from agents.choose import rule_writer_for
from agents.rules import RuleWriter, Shown
from core.content import Content
from core.db import Database
from core.errors import BudgetExceeded
from services import metering, queue
from services.runtime import Runtime
from services.style.style_habits import Edit, Habit, habits, rule

log = structlog.get_logger(__name__)

TASK: Final = "learn_style"
LOOKED_AT: Final = 10
"""The latest approved edits of the same person on the same platform."""
OFTEN: Final = 3
_SHOWN: Final = 2000
"""Characters of the words in which a habit shows."""

_EDITS: Final = text("""
SELECT r.workspace_id, r.decided_by AS user_id, r.platform, d.content, d.metadata, r.edited
FROM reviews this
JOIN reviews r ON r.decided_by = this.decided_by AND r.platform = this.platform AND r.workspace_id = this.workspace_id
JOIN drafts d ON d.workspace_id = r.workspace_id AND d.id = r.draft_id
WHERE this.id = :review_id AND r.decision = 'edit' AND r.approve AND d.source = 'ai'
ORDER BY r.decided_at DESC LIMIT :looked_at
""")
# What was proposed to this person once is theirs to take on again; what everybody has agreed to need not be proposed.
_PROPOSE: Final = text("""
INSERT INTO style_rules (workspace_id, user_id, platform, kind, subject, rule, before, after, edits)
SELECT :workspace_id, :user_id, CAST(:platform AS varchar), CAST(:kind AS varchar), CAST(:subject AS varchar), :rule,
    :before, :after, :edits
WHERE NOT EXISTS (
    SELECT FROM style_rules
    WHERE workspace_id = :workspace_id AND kind = CAST(:kind AS varchar) AND subject = CAST(:subject AS varchar)
        AND (platform IS NULL OR platform = CAST(:platform AS varchar))
        AND (user_id = :user_id OR (status = 'active' AND scope = 'workspace'))
)
ON CONFLICT DO NOTHING RETURNING id
""")
_REWORD: Final = text(
    "UPDATE style_rules SET rule = :rule WHERE id = :id AND version = 1 AND status = 'proposed'"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    kind: str
    subject: str
    rule: str
    shown: Sequence[Shown]
    """By edit, the latest first."""

    def row(self) -> dict[str, Any]:
        latest = self.shown[0]
        return {
            "kind": self.kind,
            "subject": self.subject,
            "rule": self.rule,
            "before": latest.before,
            "after": latest.after,
            "edits": len(self.shown),
        }


def teaches(before: Content, after: Content) -> bool:
    """Whether there is anything to learn: other words, or another title."""
    return before.content != after.content or before.title != after.title


async def request(session: AsyncSession, workspace_id: UUID, review_id: UUID) -> None:
    await queue.defer(session, TASK, workspace_id=workspace_id, review_id=review_id)


async def learn(runtime: Runtime, workspace_id: UUID, review_id: UUID) -> None:
    async with runtime.db.service(workspace_id) as session:
        found = (await session.execute(_EDITS, {"review_id": review_id, "looked_at": LOOKED_AT})).mappings()
        rows = found.all()
    if len(rows) < OFTEN:
        return
    proposals = await asyncio.to_thread(_proposals, [_edit(row) for row in rows])
    whose = {name: rows[0][name] for name in ("workspace_id", "user_id", "platform")}
    made: dict[UUID, Proposal] = {}
    async with runtime.db.service(workspace_id) as session:
        for proposal in proposals:
            rule_id = await session.scalar(_PROPOSE, {**whose, **proposal.row()})
            made |= {rule_id: proposal} if rule_id else {}
    if made and (writer := rule_writer_for(runtime.settings)):
        await _reword(runtime.db, workspace_id, made, writer)


async def _reword(
    db: Database, workspace_id: UUID, made: Mapping[UUID, Proposal], writer: RuleWriter
) -> None:
    """Better words, where a model has some; the proposals stand already. What somebody has changed meanwhile stays."""
    meter = await metering.of_workspace(db, workspace_id)
    for rule_id, proposal in made.items():
        try:
            words = await writer.worded(proposal.rule, proposal.shown, meter)
        except (ModelFailed, BudgetExceeded) as error:
            log.warning("style.not_reworded", reason=error.code)
            words = proposal.rule
        async with db.service(workspace_id) as session:
            await meter.hand_over(session)
            await session.execute(_REWORD, {"id": rule_id, "rule": words})


def _proposals(edits: Sequence[Edit]) -> list[Proposal]:
    """The latest edit first; it is the one that shows what is meant."""
    seen: dict[tuple[str, str], list[tuple[Habit, Edit]]] = defaultdict(list)
    for edit in edits:
        for habit in habits(edit):
            seen[habit.key].append((habit, edit))
    return [
        Proposal(
            kind=shown[0][0].kind,
            subject=shown[0][0].subject,
            rule=rule(shown[0][0], [edit for _, edit in shown]),
            shown=[Shown(habit.before[:_SHOWN], habit.after[:_SHOWN]) for habit, _ in shown],
        )
        for shown in seen.values()
        if len(shown) >= OFTEN
    ]


def _edit(row: RowMapping) -> Edit:
    edited = row["edited"] or {}
    content, metadata = edited.get("content"), row["metadata"] | (edited.get("metadata") or {})
    return Edit(
        before=row["content"],
        after=row["content"] if content is None else content,
        title_before=str(row["metadata"].get("title") or ""),
        title_after=str(metadata.get("title") or ""),
    )
