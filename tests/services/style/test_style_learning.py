"""From edits to proposals, from an agreed rule to the next draft."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agents.writer import question
from graphs.interrupts import Decision
from models import RuleScope, RuleStatus
from services.style import style_learning, style_rules
from tests.plugins.openai_server import Answer, OpenAIServer
from tests.plugins.scene import Overheard, Scene

ASKING = "Restores take nine minutes. Do yours?"
PLAIN = "Restores take nine minutes."


async def edit(scene: Scene, platform: str, before: str, after: str, *, approve: bool = True) -> None:
    """A draft that a person changes, and then what the queue does about it."""
    scene.words.texts = iter([before])
    (thread_id,) = await scene.start(platform)
    await scene.advance()
    await scene.decide(thread_id, Decision(decision="edit", content=after, approve=approve))
    await learn(scene)


async def learn(scene: Scene) -> int:
    """What waits in the queue, as a worker does it."""
    taken = await scene.rows(
        "DELETE FROM procrastinate.procrastinate_jobs WHERE task_name = 'learn_style' RETURNING args"
    )
    for job in taken:
        await style_learning.learn(
            scene.runtime, UUID(job["args"]["workspace_id"]), UUID(job["args"]["review_id"])
        )
    return len(taken)


async def rules(scene: Scene) -> Sequence[dict[str, Any]]:
    return await scene.rows("SELECT * FROM style_rules ORDER BY created_at")


async def test_the_third_edit_alike_proposes_a_rule_once(scene: Scene) -> None:
    await edit(scene, "linkedin", ASKING, PLAIN)
    await edit(scene, "linkedin", ASKING, PLAIN)
    await edit(scene, "x", ASKING, PLAIN)
    await edit(scene, "linkedin", ASKING, PLAIN, approve=False)
    assert await rules(scene) == [], "two on LinkedIn and one on X, and what is not approved does not count"
    await edit(scene, "linkedin", ASKING, PLAIN)
    (rule,) = await rules(scene)
    assert (rule["kind"], rule["rule"], rule["status"], rule["platform"], rule["edits"]) == (
        "closing_question",
        "End without a question.",
        "proposed",
        "linkedin",
        3,
    )
    assert (rule["before"], rule["after"]) == ("Do yours?", PLAIN)
    assert (rule["user_id"], rule["scope"]) == (scene.principal.user_id, "workspace")
    async with scene.tenant() as session:
        await style_rules.decide(session, scene.principal, rule["id"], RuleStatus.DROPPED)
    await edit(scene, "linkedin", ASKING, PLAIN)
    assert [each["status"] for each in await rules(scene)] == ["dropped"], "it is not proposed again"


async def test_a_model_words_the_rule_as_data_and_within_the_budget(
    scene: Scene, openai_server: OpenAIServer
) -> None:
    settings = {
        "offline": False,
        "openai_base_url": openai_server.base_url,
        "writer_model": "m",
        "model_retries": 0,
    }
    scene.runtime.settings = scene.settings.model_copy(update=settings)
    openai_server.script(
        Answer({"rule": "End with  a fact.\n"}), Answer(status=400), Answer({"rule": "x" * 301})
    )
    for platform in ("linkedin", "x", "blog"):
        for _ in range(3):
            await edit(scene, platform, ASKING, PLAIN)
    assert [each["rule"] for each in await rules(scene)] == [
        "End with a fact.",
        "End without a question.",
        "End without a question.",
    ]
    assert len(openai_server.journal) == 3, "each proposal is worded once"
    asked = openai_server.journal[0]
    assert "End without a question." in asked.user.partition("<data")[0]
    assert "Do yours?" in asked.user.partition("<data")[2]
    spent = await scene.rows("SELECT status FROM token_usage WHERE service = 'ruler' ORDER BY created_at")
    assert [each["status"] for each in spent] == ["completed", "failed", "completed"]


async def test_only_a_changed_text_is_looked_at(scene: Scene) -> None:
    accepted, same = await scene.start("linkedin", "x")
    await scene.advance()
    await scene.accept(accepted)
    await scene.decide(same, Decision(decision="edit", metadata={"note": "mine"}))
    assert await learn(scene) == 0


async def test_an_agreed_rule_reaches_the_writer_of_what_begins_then(scene: Scene) -> None:
    scene.runtime.writer = overheard = Overheard(scene.words)

    async def told(platform: str) -> tuple[str, ...]:
        await scene.start(platform)
        await scene.advance()
        request = overheard.requests[-1]
        assert all(f"  - {rule}" in question(request).user for rule in request.brief.rules)
        return request.brief.rules

    async with scene.tenant() as session:
        made = await style_rules.create(
            session, scene.principal, rule="Say “tea”.", platform=None, scope=RuleScope.WORKSPACE
        )
        await style_rules.create(
            session, scene.principal, rule="No puns.", platform="x", scope=RuleScope.USER
        )
    await scene.execute(
        "INSERT INTO style_rules (workspace_id, rule, scope, status) VALUES"
        " (:id, 'Only proposed.', 'workspace', 'proposed'), (:id, 'Of somebody else.', 'user', 'active')",
        id=scene.principal.workspace_id,
    )
    assert await told("linkedin") == ("Say “tea”.",)
    assert await told("x") == ("Say “tea”.", "No puns.")
    async with scene.tenant() as session:
        await style_rules.change(session, made.id, {"rule": "Say “green tea”."})
    assert await told("linkedin") == ("Say “green tea”.",)
    async with scene.tenant() as session:
        await style_rules.decide(session, scene.principal, made.id, RuleStatus.DROPPED)
    assert await told("linkedin") == ()
