"""The worker's looks at feeds: all that are due, and none that waits for another."""

from typing import TYPE_CHECKING

import pytest

from core.settings import Settings
from tests.plugins.feed_site import FeedSite
from tests.plugins.scene import Scene

if TYPE_CHECKING:
    from services.runtime import Runtime


@pytest.fixture
def settings(settings: Settings, feed_site: FeedSite) -> Settings:
    return settings.model_copy(update={"allow_private": [feed_site.peer]})


async def test_all_that_are_due_are_fetched_and_no_other(scene: Scene, feed_site: FeedSite) -> None:
    from worker import feeds

    runtime: Runtime = scene.runtime
    feed_site.publish("Green")
    for number in range(12):
        path = "/feed.xml" if number % 2 else "/missing.xml"
        await scene.execute(
            "INSERT INTO feeds (workspace_id, user_id, url, rule, status, next_fetch_at)"
            ' VALUES (:workspace, :user, :url, \'{"platforms": ["x"], "start": false}\', \'active\','
            " now() + make_interval(secs => :later)), (:workspace, :user, :url, '{\"platforms\": [\"x\"]}', 'paused', now())",
            workspace=scene.principal.workspace_id,
            user=scene.principal.user_id,
            url=feed_site.url(path),
            later=3600 if number == 11 else -1,
        )
    await scene.execute(
        'INSERT INTO feeds (workspace_id, url, rule) VALUES (:workspace, :url, \'{"platforms": ["gone"]}\')',
        workspace=scene.principal.workspace_id,
        url=feed_site.url(),
    )
    assert await feeds.fetch_due(runtime) == 12
    assert await feeds.fetch_due(runtime) == 0
    assert len(feed_site.asked) == 12
    found = await scene.rows("SELECT error, count(*) FROM feeds WHERE status = 'active' GROUP BY 1")
    assert {row["error"]: row["count"] for row in found} == {None: 7, "It answered with HTTP 404.": 6}
    [entries] = await scene.rows("SELECT count(*) FROM feed_entries WHERE status = 'seen'")
    assert entries["count"] == 5
