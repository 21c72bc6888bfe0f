"""The common queries of the MorphPost schema, word for word but for the names of our sessions; and the outputs view."""

from uuid import UUID

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from uuid_utils.compat import uuid7

from core.db import Database
from models import Draft, Evaluation, PlatformState, Thread, User, Workflow, Workspace, outputs

pytestmark = pytest.mark.database


@pytest.fixture
async def ids(db: Database) -> dict[str, UUID]:
    """A user with three workflows; the last has a reviewed LinkedIn draft after a first try, and an X thread."""
    user = User(
        id=uuid7(), username="ada", external_issuer="https://issuer.example", external_subject="user_2abc"
    )
    workspace = Workspace(id=uuid7(), name="Ada's", slug="ada")
    made = {"workspace_id": workspace.id}
    workflows = [
        Workflow(id=uuid7(), user_id=user.id, template_input={"topic": "AI"}, **made) for _ in range(3)
    ]
    last = workflows[-1].id
    threads = {name: Thread(id=uuid7(), graph_id=name, **made) for name in ("linkedin", "x")}
    of_draft = {
        "workflow_id": last,
        "thread_id": threads["linkedin"].id,
        "platform": "linkedin",
        "content_hash": "0" * 64,
        "source": "ai",
        **made,
    }
    first = Draft(id=uuid7(), content="A first try", **of_draft)
    second = Draft(
        id=uuid7(),
        content="Three good words",
        based_on_id=first.id,
        sequence=1,
        iteration=1,
        metadata_={"keywords": ["AI"]},
        **of_draft,
    )
    async with db.service() as session:
        for rows in ([user, workspace], workflows, [*threads.values()], [first], [second]):
            session.add_all(rows)
            await session.flush()
        session.add_all(
            [
                Evaluation(draft_id=first.id, score=61, **made),
                Evaluation(draft_id=second.id, score=88, criteria_scores={"clarity": 90}, **made),
                PlatformState(
                    id=threads["linkedin"].id,
                    workflow_id=last,
                    platform="linkedin",
                    status="awaiting_review",
                    active_draft_id=second.id,
                    iteration=1,
                    epoch=3,
                    **made,
                ),
                PlatformState(id=threads["x"].id, workflow_id=last, platform="x", **made),
            ]
        )
    return {"user": user.id, "workspace": workspace.id, "workflow": last}


async def statements(session: AsyncSession) -> list[str]:
    """What is sent from now on."""
    sent: list[str] = []
    connection = await session.connection()
    event.listen(
        connection.sync_connection, "before_cursor_execute", lambda *arguments: sent.append(arguments[2])
    )
    return sent


async def test_get_workflow_with_all_data(db: Database, ids: dict[str, UUID]) -> None:
    async with db.tenant(ids["workspace"], ids["user"]) as session:
        sent = await statements(session)
        stmt = (
            select(Workflow)
            .where(Workflow.id == ids["workflow"])
            .options(
                selectinload(Workflow.platform_states).selectinload(PlatformState.active_draft),
                selectinload(Workflow.drafts).selectinload(Draft.evaluations),
            )
        )
        workflow = (await session.execute(stmt)).scalar_one()
    assert len(sent) == 5
    states = {state.platform: state for state in workflow.platform_states}
    assert states["linkedin"].active_draft is not None
    assert states["linkedin"].active_draft.content == "Three good words"
    assert states["x"].active_draft is None
    assert [[e.score for e in draft.evaluations] for draft in workflow.drafts] == [[61], [88]]


async def test_get_users_recent_workflows(db: Database, ids: dict[str, UUID]) -> None:
    async with db.tenant(ids["workspace"], ids["user"]) as session:
        stmt = (
            select(Workflow)
            .where(Workflow.user_id == ids["user"])
            .order_by(Workflow.created_at.desc(), Workflow.id.desc())
            .limit(20)
        )
        workflows = (await session.execute(stmt)).scalars().all()
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = await session.scalars(
            text(
                "EXPLAIN SELECT * FROM workflows WHERE user_id = :id ORDER BY created_at DESC, id DESC LIMIT 20"
            ),
            {"id": ids["user"]},
        )
    assert len(workflows) == 3
    assert workflows[0].id == ids["workflow"]
    shape = "\n".join(plan)
    assert "Index Scan using ix_workflows_" in shape
    assert "Sort" not in shape


async def test_get_drafts_awaiting_review(db: Database, ids: dict[str, UUID]) -> None:
    async with db.tenant(ids["workspace"], ids["user"]) as session:
        stmt = (
            select(PlatformState)
            .where(PlatformState.status == "awaiting_review")
            .options(selectinload(PlatformState.active_draft))
        )
        states = (await session.execute(stmt)).scalars().all()
    assert [state.active_draft and state.active_draft.content for state in states] == ["Three good words"]


async def test_what_was_not_asked_for_is_not_loaded_behind_ones_back(
    db: Database, ids: dict[str, UUID]
) -> None:
    async with db.tenant(ids["workspace"], ids["user"]) as session:
        workflow = await session.get_one(Workflow, ids["workflow"])
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            _ = workflow.drafts
        draft = (await session.execute(select(Draft).where(Draft.iteration == 1))).scalar_one()
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            _ = draft.based_on


async def test_a_draft_knows_what_it_is_based_on(db: Database, ids: dict[str, UUID]) -> None:
    async with db.tenant(ids["workspace"], ids["user"]) as session:
        stmt = select(Draft).where(Draft.iteration == 1).options(selectinload(Draft.based_on))
        draft = (await session.execute(stmt)).scalar_one()
    assert draft.based_on is not None
    assert draft.based_on.content == "A first try"


async def test_outputs_show_a_row_for_each_platform(db: Database, ids: dict[str, UUID]) -> None:
    async with db.tenant(ids["workspace"], ids["user"]) as session:
        rows = (await session.execute(select(outputs).order_by(outputs.c.platform))).mappings().all()
    linkedin, x = rows
    assert (linkedin["kind"], linkedin["status"], linkedin["body"]) == (
        "social",
        "completed",
        "Three good words",
    )
    assert linkedin["request"] == {"topic": "AI"}
    metadata = linkedin["metadata"]
    assert (metadata["word_count"], metadata["reading_time"], metadata["keywords"]) == (3, 1, ["AI"])
    assert "generated_at" in metadata
    assert (x["status"], x["body"], x["metadata"]) == ("queued", None, {})
