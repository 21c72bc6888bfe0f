"""What a post was written about again: it goes out as often as people let it, and the first one names the source."""

from uuid import uuid4

from agents.base import Source
from graphs.interrupts import Decision
from tests.plugins.ledger import published
from tests.plugins.scene import Scene

POST = """
INSERT INTO posts (id, workspace_id, platform, platform_post_id, content_type, text_content, published)
VALUES (:id, :workspace_id, 'blog', 'the source', 'article', 'We have shipped.', true)
"""


async def test_two_posts_about_one_post_both_go_out(scene: Scene) -> None:
    from services.library.kept_sources import Kept

    source = Source(type="post", text="We have shipped.", id=uuid4())
    await scene.execute(POST, id=source.id, workspace_id=scene.principal.workspace_id)
    project_id = uuid4()
    await scene.execute(
        "INSERT INTO projects (id, workspace_id, title) VALUES (:id, :workspace_id, 'Tea')",
        id=project_id,
        workspace_id=scene.principal.workspace_id,
    )
    scene.words.texts = iter(["We have shipped.", "Shipped, we have."])
    for _ in range(2):
        (thread_id,) = await scene.start("x", source=source, project_id=project_id)
        await scene.advance()
        await scene.decide(thread_id, Decision(decision="accept"))
        await scene.advance()
        assert (await scene.state(thread_id))["status"] == "published"
    assert len(await published(scene)) == 2
    rows = await scene.rows("SELECT id, source_post_id FROM posts WHERE platform = 'x' ORDER BY created_at")
    assert [row["source_post_id"] for row in rows] == [source.id, None]
    await scene.start("linkedin", source=Kept("post", rows[0]["id"]))
    (again,) = await scene.rows("SELECT project_id FROM workflows ORDER BY id DESC LIMIT 1")
    assert again["project_id"] == project_id, "the one in which the post was written"
