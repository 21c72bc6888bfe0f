"""A newsletter from its approval to its readers: each at most once, whatever happens on the way."""

from collections import Counter
from uuid import UUID

import pytest

from core.errors import Conflict
from core.sql import connection_of
from models import ConnectedAccount
from platforms.base import Delivery
from platforms.registry import PlatformName
from services import workflows
from services.delivery import account_opening, jobs, posts, publications
from services.delivery.jobs import JobStatusConflict
from services.mail import newsletters
from tests.plugins.ledger import approved, due
from tests.plugins.mail import MailServer
from tests.plugins.scene import Scene
from tests.services.mail.conftest import subscribe


async def begun(scene: Scene) -> None:
    """The newsletter is under way, in a call of a worker that was told to stop before anybody was mailed."""
    scene.runtime.draining = True
    await scene.advance()  # to the pause
    await scene.advance()
    scene.runtime.draining = False


async def hurried(scene: Scene, seconds: float) -> None:
    """A call that is given readers for `seconds`. Below zero it takes from the time that the last answer has."""
    settings = scene.runtime.settings
    scene.runtime.settings = settings.model_copy(update={"publish_deadline_seconds": seconds})
    await scene.advance()
    scene.runtime.settings = settings


def message_ids(post: MailServer) -> set[object]:
    headers = [mail.fields["headers"] for mail in post.arrived()]
    return {each["message-id"] for each in headers if isinstance(each, dict)}


async def outcomes(scene: Scene) -> Counter[str]:
    return Counter(row["outcome"] for row in await scene.rows("SELECT outcome FROM email_deliveries"))


async def test_every_reader_gets_it_once_and_the_receipt_counts_them(scene: Scene, post: MailServer) -> None:
    await subscribe(scene, "ada", "grace", "bounce", "mary")
    thread_id = await approved(scene, "email")
    await scene.advance()
    job = await scene.job(thread_id)
    assert job["status"] == "published", job
    assert post.readers() == ["ada@readers.example", "grace@readers.example", "mary@readers.example"]
    counted = {name: job["response_data"][name] for name in ("sent", "bounced", "failed", "unknown")}
    assert counted == {"sent": 3, "bounced": 1, "failed": 0, "unknown": 0}
    sent = await scene.rows("SELECT id FROM email_deliveries WHERE outcome = 'sent'")
    assert message_ids(post) == {f"<{row['id'].hex}@newsletter.example>" for row in sent}
    attempts = await scene.rows("SELECT kind, outcome, evidence ->> 'sent' AS sent FROM publishing_attempts")
    assert attempts == [{"kind": "publish", "outcome": "confirmed", "sent": "3"}]
    assert (await scene.state(thread_id))["status"] == "published"

    post_id = (await scene.row("SELECT id FROM posts"))["id"]
    async with scene.tenant() as session:
        assert not (await publications.find(connection_of(session), post_id)).can_take_down
        with pytest.raises(Conflict, match="cannot be called back"):
            await posts.request_takedown(session, post_id)

    # The next one leaves out who bounced, and the words of the draft are in it.
    again = await approved(scene, "email")
    await scene.advance()
    assert (await scene.job(again))["response_data"]["sent"] == 3
    assert Counter(post.readers())["bounce@readers.example"] == 0
    assert "We have shipped." in post.arrived()[-1].text


async def test_a_long_list_goes_out_in_calls_and_the_job_says_publishing_until_it_is_done(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, *(f"reader-{number}" for number in range(7)))
    thread_id = await approved(scene, "email")
    await begun(scene)
    job = await scene.job(thread_id)
    assert (job["status"], job["attempts"], post.readers()) == ("publishing", 1, [])
    with pytest.raises(JobStatusConflict):
        async with scene.tenant() as session:
            await jobs.cancel(session, job["id"])
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["attempts"], len(post.readers())) == ("published", 1, 7)


async def test_a_server_that_is_slow_to_begin_is_given_a_reader_in_each_call(
    scene: Scene, post: MailServer
) -> None:
    """Else no call would get any further than the one before, and nobody would be told."""
    await subscribe(scene, "ada", "grace")
    thread_id = await approved(scene, "email")
    for status in ("publishing", "published"):
        await hurried(scene, 0.0)
        assert (await scene.job(thread_id))["status"] == status
    assert len(post.readers()) == 2


async def test_a_server_that_uses_up_its_calls_and_takes_nothing_fails_the_job(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "grace", "mary")
    post.fault("late", seconds=30)
    post.fault("late", seconds=30)
    thread_id = await approved(scene, "email")
    in_a_second = 1 - newsletters.LAST_ANSWER_SECONDS
    await hurried(scene, in_a_second)
    job = await scene.job(thread_id)
    assert (job["status"], await outcomes(scene)) == ("queued", {"unknown": 1})
    await scene.execute(
        """INSERT INTO publishing_attempts (workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, evidence)
        SELECT workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, evidence
        FROM publishing_attempts, generate_series(1, 5)"""
    )
    await due(scene, thread_id)
    await hurried(scene, in_a_second)
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "Unreachable")
    assert job["error"]["detail"] == "The mail server did not come to an end within 1 seconds."
    assert await outcomes(scene) == {"unknown": 2}, "nobody is said to be mailed just now"


async def test_no_more_go_out_in_a_minute_than_the_mail_service_allows(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "grace", "mary")
    await scene.execute(
        """UPDATE connected_accounts SET metadata = metadata || '{"per_minute": 2}' WHERE platform = 'email'"""
    )
    thread_id = await approved(scene, "email")
    await scene.advance()
    assert (len(post.readers()), (await scene.job(thread_id))["status"]) == (2, "publishing")
    wait = (await scene.row("SELECT EXTRACT(EPOCH FROM due_at - now()) AS s FROM platform_states"))["s"]
    assert 30 < wait <= 60
    await scene.execute("UPDATE rate_limits SET window_started_at = now() - interval '1 minute'")
    await due(scene, thread_id)
    await scene.advance()
    assert (len(post.readers()), (await scene.job(thread_id))["status"]) == (3, "published")


async def test_whom_a_dead_worker_was_mailing_is_unknown_and_the_others_get_it(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "grace", "mary")
    thread_id = await approved(scene, "email")
    await begun(scene)
    # As a worker leaves it that is killed after it has committed, and perhaps sent.
    await scene.execute(
        """INSERT INTO email_deliveries (workspace_id, publishing_job_id, subscriber_id, token_hash)
        SELECT j.workspace_id, j.id, s.id, 'x' FROM publishing_jobs j, subscribers s
        ORDER BY s.id LIMIT 1"""
    )
    await scene.execute("UPDATE publishing_jobs SET deadline = now() + interval '30 seconds'")
    await due(scene, thread_id)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert await outcomes(scene) == {"unknown": 1, "sent": 2}
    assert post.readers() == ["grace@readers.example", "mary@readers.example"]


async def test_two_workers_that_both_believe_the_job_is_theirs_mail_nobody_twice(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "grace")
    thread_id = await approved(scene, "email")
    await begun(scene)
    job = await scene.job(thread_id)
    row = await read(scene)
    await due(scene, thread_id)
    (frozen,) = await scene.claim()
    slow = await newsletters.outgoing(scene.runtime, frozen, row, str(job["id"]))
    assert isinstance(slow, newsletters.Outgoing)
    first = await slow.next()
    assert first is not None
    await due(scene, thread_id)
    (fresh,) = await scene.claim()
    quick = await newsletters.outgoing(scene.runtime, fresh, row, str(job["id"]))
    assert isinstance(quick, newsletters.Outgoing)
    second = await quick.next()
    assert second is not None
    assert second.address != first.address
    assert await quick.next() is None
    assert await slow.next() is None, "its claim is gone"
    assert await outcomes(scene) == {"unknown": 1, "sending": 1}
    await slow.settle(first, Delivery("sent", "250 OK"))
    assert await outcomes(scene) == {"sent": 1, "sending": 1}, "who has sent it knows better"


async def test_a_lost_answer_is_never_sent_again_and_the_rest_goes_on(scene: Scene, post: MailServer) -> None:
    await subscribe(scene, "ada", "grace")
    post.fault("lost_answer")
    thread_id = await approved(scene, "email")
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "queued", "the server is left alone for a moment"
    await due(scene, thread_id)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert post.readers() == ["ada@readers.example", "grace@readers.example"]
    assert await outcomes(scene) == {"unknown": 1, "sent": 1}


async def test_a_server_that_breaks_off_now_and_then_fails_no_long_list(
    scene: Scene, post: MailServer
) -> None:
    """Seven times at once, and seven times after it has taken one: as often in a row without one would be the end."""
    await subscribe(scene, *(f"reader-{number:02}" for number in range(22)))
    for _ in range(7):
        post.fault("cut")
        post.fault("slow", seconds=0)
        post.fault("cut")
    thread_id = await approved(scene, "email")
    for status in ("queued", "publishing") * 7:
        await scene.advance()
        assert (await scene.job(thread_id))["status"] == status
        await due(scene, thread_id)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert await outcomes(scene) == {"unknown": 14, "sent": 8}
    assert len(post.readers()) == 8


async def test_whoever_is_deferred_is_tried_again_later(scene: Scene, post: MailServer) -> None:
    await subscribe(scene, "later", "ada")
    thread_id = await approved(scene, "email")
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "publishing"
    wait = (await scene.row("SELECT EXTRACT(EPOCH FROM due_at - now()) AS s FROM platform_states"))["s"]
    assert 50 < wait <= 60
    await scene.execute("UPDATE email_deliveries SET due_at = now() WHERE outcome = 'deferred'")
    await due(scene, thread_id)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert post.readers() == ["ada@readers.example", "later@readers.example"]
    delivery = await scene.row("SELECT tries, outcome FROM email_deliveries WHERE tries > 1")
    assert delivery == {"tries": 2, "outcome": "sent"}


async def test_a_server_that_defers_everybody_for_a_day_fails_the_job(scene: Scene, post: MailServer) -> None:
    await subscribe(scene, *(f"later-{number}" for number in range(10)))
    thread_id = await approved(scene, "email")
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "queued", "the server is left alone for some minutes"
    await scene.execute("UPDATE publishing_attempts SET started_at = now() - interval '25 hours'")
    await scene.execute("DELETE FROM rate_limits")
    await due(scene, thread_id)
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "RateLimited")
    assert "Nobody could be mailed for a day." in job["error"]["detail"]
    assert "451 4.7.1 Greylisted" in job["error"]["detail"]


async def test_what_no_reader_gets_goes_back_to_the_reviewer(scene: Scene, post: MailServer) -> None:
    await subscribe(scene, "ada")
    post.fault("duplicate")
    thread_id = await approved(scene, "email")
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "Refused")
    assert "554 5.7.1" in (await scene.review(thread_id))["refusal"]["detail"]


async def test_a_newsletter_that_cannot_go_is_held_and_says_why(scene: Scene, post: MailServer) -> None:
    thread_id = await approved(scene, "email")
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("held", "NoReaders")
    await subscribe(scene, "ada")
    await scene.execute(
        "UPDATE connected_accounts SET simulated = false, base_url = 'smtp://x' WHERE platform = 'email'"
    )
    await retried(scene, thread_id, "NoPublicUrl")
    await scene.execute(
        "UPDATE connected_accounts SET simulated = true, metadata = '{}' WHERE platform = 'email'"
    )
    await retried(scene, thread_id, "NoList")
    assert post.readers() == []


async def retried(scene: Scene, thread_id: UUID, code: str) -> None:
    async with scene.tenant() as session:
        await jobs.retry(session, (await scene.job(thread_id))["id"])
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("held", code)


async def test_a_wrong_password_holds_the_job_and_what_was_sent_stays_sent(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "later")
    thread_id = await approved(scene, "email")
    await scene.advance()
    await scene.execute("UPDATE connected_accounts SET status = 'token_expired' WHERE platform = 'email'")
    await scene.execute("UPDATE email_deliveries SET due_at = now() WHERE outcome = 'deferred'")
    await due(scene, thread_id)
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("held", "Reauthorize")
    assert post.readers() == ["ada@readers.example"]
    async with scene.tenant() as session:
        with pytest.raises(JobStatusConflict, match="1 of its readers"):
            await jobs.cancel(session, job["id"])
        with pytest.raises(Conflict, match="nothing left to cancel"):
            await workflows.cancel(session, job["workflow_id"])


async def read(scene: Scene) -> ConnectedAccount:
    found = await scene.row(
        "SELECT id FROM connected_accounts WHERE platform = :name", name=PlatformName.EMAIL
    )
    async with scene.db.autocommit() as connection:
        row = await account_opening.read(connection, found["id"])
    assert row is not None
    return row
