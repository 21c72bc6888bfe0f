"""Rules of style. Edits propose them; a writer is told only what a person has agreed to."""

from collections.abc import Mapping
from typing import Any, Final, assert_never
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict
from core.principal import Principal
from models import RuleScope, RuleStatus, StyleRule
from services import clock, pages, rows

MOST_ACTIVE: Final = 100
"""Of a workspace: each is part of every prompt."""
KEPT: Final = "style_rules"
"""What a workflow's options keep them as: the rules that held when it began."""
AT_START: Final = f"""
SELECT jsonb_build_object('{KEPT}', jsonb_agg(jsonb_build_object('platform', platform, 'rule', rule) ORDER BY created_at, id))
FROM style_rules
WHERE workspace_id = :workspace_id AND status = 'active' AND (scope = 'workspace' OR user_id = :user_id)
HAVING count(*) > 0
"""


class TooManyRules(Conflict):
    title = "There are too many rules of style"


def told_to(platform: str, options: Mapping[str, Any]) -> list[str]:
    """Of what a workflow keeps, the rules for one of its platforms."""
    return [each["rule"] for each in options.get(KEPT, ()) if each["platform"] in {None, platform}]


async def create(
    session: AsyncSession, principal: Principal, *, rule: str, platform: str | None, scope: RuleScope
) -> StyleRule:
    """Whoever writes one agrees to it. Raises TooManyRules."""
    await _check_room(session)
    made = StyleRule(
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        rule=rule,
        platform=platform,
        scope=scope,
        status=RuleStatus.ACTIVE,
        decided_by=principal.user_id,
        decided_at=func.now(),
    )
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return made


async def browse(
    session: AsyncSession, wanted: pages.Wanted, status: RuleStatus | None = None
) -> pages.Slice[StyleRule]:
    statement = select(StyleRule)
    if status is not None:
        statement = statement.where(StyleRule.status == status)
    return await pages.page(session, statement, (StyleRule.created_at, StyleRule.id), wanted)


async def find(session: AsyncSession, rule_id: UUID, *, lock: bool = False) -> StyleRule:
    return await rows.find(session, StyleRule, rule_id, "rule of style", lock=lock)


async def change(session: AsyncSession, rule_id: UUID, changes: Mapping[str, Any]) -> StyleRule:
    """Of `rule`, `platform` and `scope` what is named. Another wording is a new version; the one before it is kept."""
    rule = await find(session, rule_id, lock=True)
    reworded = "rule" in changes and changes["rule"] != rule.rule
    if reworded:
        before = {"version": rule.version, "rule": rule.rule, "until": (await clock.now(session)).isoformat()}
        changes = {**changes, "earlier": [*rule.earlier, before], "version": rule.version + 1}
    await rows.change(session, rule, changes)
    return rule


async def decide(session: AsyncSession, principal: Principal, rule_id: UUID, status: RuleStatus) -> StyleRule:
    """Take it on, or drop it: workflows that begin from now on know. What is dropped can be taken on again later.
    Raises TooManyRules."""
    rule = await find(session, rule_id, lock=True)
    if rule.status == status:
        return rule
    match status:
        case RuleStatus.ACTIVE:
            await _check_room(session)
        case RuleStatus.DROPPED:
            pass
        case RuleStatus.PROPOSED:
            raise Conflict("Rules are proposed by what people edit, not by a decision.")
        case unknown:
            assert_never(unknown)
    decided = {"status": status, "decided_by": principal.user_id, "decided_at": func.now()}
    await rows.change(session, rule, decided)
    return rule


async def _check_room(session: AsyncSession) -> None:
    active = await session.scalar(
        select(func.count()).select_from(StyleRule).where(StyleRule.status == RuleStatus.ACTIVE)
    )
    if active is not None and active >= MOST_ACTIVE:
        detail = f"{active} rules of style are in use; at most {MOST_ACTIVE} are."
        raise TooManyRules(detail, remedy="Drop those that nobody needs.")
