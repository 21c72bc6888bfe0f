"""Two approvals of the same words, on platforms that take them once."""

import pytest

from tests.plugins.ledger import approved, published
from tests.plugins.scene import Scene


@pytest.mark.parametrize("platform", ["x", "linkedin"])
async def test_the_second_goes_back_to_its_reviewer_and_the_first_keeps_its_post(
    scene: Scene, platform: str
) -> None:
    first = await approved(scene, platform)
    await scene.advance()
    second = await approved(scene, platform)
    await scene.advance()
    post = await scene.row("SELECT * FROM posts")
    assert post["publishing_job_id"] == (await scene.job(first))["id"]
    refusal = (await scene.review(second))["refusal"]["detail"]
    assert refusal == f"The same words are out already, by another approval: {post['url']}"
    assert (await scene.state(second))["status"] == "awaiting_review"
    assert len(await published(scene, platform)) == 1
