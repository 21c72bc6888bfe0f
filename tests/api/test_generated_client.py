"""A client that was generated from the OpenAPI document, from brief to decision. `make test-client` runs it."""

import os
import sys
import time
from importlib import import_module
from typing import Any

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.plugins.author import Author

FOLDER = os.environ.get("GENERATED_CLIENT")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="make test-client runs this")


def use(path: str) -> Any:
    """Made at each run, hence unknown to a type checker."""
    return import_module(f"proofroom_client.{path}")


@pytest.fixture
def _generated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])


@pytest.mark.usefixtures("_generated")
async def test_a_generated_client_starts_reviews_and_decides(author: Author, live_url: str) -> None:
    models = use("models")
    token = author.user.headers["authorization"].removeprefix("Bearer ")
    async with use("client").AuthenticatedClient(live_url, token, raise_on_unexpected_status=True) as client:
        start, get = use("api.workflows.start_workflow"), use("api.workflows.get_workflow")
        brief = models.WorkflowIn(
            platforms=[models.PlatformName.X],
            source=models.TextSource(type_="text", text="Start-up is four times as fast. " * 9),
            options=models.Options(tone_of_voice="dry"),
        )
        started = await start.asyncio(client=client, body=brief, idempotency_key="one")
        again = await start.asyncio_detailed(
            client=client, body=brief, idempotency_key="one", x_workspace_id=str(author.user.workspace_id)
        )
        assert again.parsed.id == started.id
        workflow = await get.asyncio(started.id, client=client)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while workflow.status != models.WorkflowStatus.AWAITING_REVIEW:
            assert time.monotonic() < deadline, workflow
            workflow = await get.asyncio(started.id, client=client, wait=1)

        [item] = (await use("api.reviews.list_reviews").asyncio(client=client)).items
        review = await use("api.reviews.get_review").asyncio(item.id, client=client)
        assert review.draft.content
        assert review.evaluation.score == item.score
        decide = use("api.reviews.decide_review")
        stale = await decide.asyncio_detailed(
            item.id, client=client, body=models.AcceptIn(decision="accept", seen_hash="0" * 64)
        )
        assert (stale.status_code, stale.parsed.code) == (409, "DraftChanged")
        edit = models.EditIn(decision="edit", seen_hash=review.seen_hash, content="Faster.")
        decided = await decide.asyncio(item.id, client=client, body=edit)
        assert decided.thread.status == models.PlatformStatus.ACCEPTED
        await author.rested(str(started.id))
        [post] = (await use("api.publishing.list_posts").asyncio(client=client, q="faster")).items
        assert (post.text, post.published) == ("Faster.", True)
