"""The ledger, what is published, and the receipts, as a browser without scripts sees them."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.delivery import posts
from tests.plugins.tenant import Tenant
from tests.plugins.web import Room, Visitor

POST = re.compile(r'href="/published/([0-9a-f-]{36})"')


@pytest.fixture
def ada(room: Room, tenant: Tenant) -> Visitor:
    return room.seat(tenant.owner, tenant.owner.headers["Authorization"].removeprefix("Bearer "))


def row(html: str, job_id: object) -> str:
    """A job's part of the ledger."""
    return html.partition(f'id="job-{job_id}"')[2].partition("</li>")[0]


async def publish_all(tenant: Tenant) -> None:
    while await tenant.scene.advance():
        pass


async def what_needs_somebody_comes_first_with_its_remedies(room: Room, ada: Visitor, tenant: Tenant) -> None:
    html = await ada.see("/ledger")
    titles = [html.index(f'id="{part}-title"') for part in ("attention", "coming", "done")]
    assert titles == sorted(titles)
    held, unknown = await tenant.job("held"), await tenant.job("unknown")
    scheduled, published = await tenant.job("scheduled"), await tenant.job("published")
    places = [html.index(f'id="job-{job["id"]}"') for job in (held, scheduled, published)]
    assert places == sorted(places)
    assert titles[0] < html.index(f'id="job-{unknown["id"]}"') < titles[1]
    for job, words in (
        (held, ("Choose an account", "Give up")),
        (unknown, ("Ask the blog", "It is out", "It is not out")),
        (scheduled, ("Move", "Cancel")),
        (published, ("Open the post",)),
    ):
        for text in words:
            assert f">{text}<" in row(html, job["id"]), (job["status"], text)
    assert f'action="/ledger/{published["id"]}/' not in html


async def nobody_is_offered_what_they_may_not_do(room: Room, ada: Visitor, tenant: Tenant) -> None:
    reviewer, viewer = await room.colleague(ada, "reviewer"), await room.colleague(ada, "viewer")
    html = await reviewer.see("/ledger")
    scheduled, unknown = await tenant.job("scheduled"), await tenant.job("unknown")
    assert f'action="/ledger/{scheduled["id"]}/cancel"' in html
    assert "<form" not in row(html, unknown["id"])
    assert "An editor has to see to it." in row(html, unknown["id"])
    html = await viewer.see("/ledger")
    assert "<form" not in html.partition("<main")[2]
    for path in ("retry", "reconcile"):
        assert (await reviewer.submit(f"/ledger/{unknown['id']}/{path}")).status_code == 403
    for path in ("cancel", "reschedule"):
        assert (await viewer.submit(f"/ledger/{scheduled['id']}/{path}")).status_code == 403
    stranger = await room.person()
    await stranger.see(f"/ledger/{scheduled['id']}", 404)
    assert "Nothing needs you." in await stranger.see("/ledger")


async def the_parts_go_on_where_the_page_ends(room: Room, ada: Visitor, tenant: Tenant) -> None:
    """In their own order: the next first, or the newest."""
    for part, order in (
        ("coming", "coalesce(scheduled_for, created_at), id"),
        ("done", "created_at DESC, id DESC"),
    ):
        wanted = {"coming": "('queued', 'scheduled', 'publishing')", "done": "('published', 'cancelled')"}[
            part
        ]
        rows = await tenant.scene.rows(
            f"SELECT id FROM publishing_jobs WHERE workspace_id = :id AND status IN {wanted} ORDER BY {order}",
            id=tenant.owner.workspace_id,
        )
        shown: list[str] = []
        address: str | None = f"/ledger/part/{part}?limit=1"
        while address:
            html = await ada.see(address)
            shown += re.findall(r'id="job-([^"]+)"', html)
            more = re.search(r'href="(\?cursor=[^"]+)"', html)
            address = f"/ledger/part/{part}{more[1]}&limit=1" if more else None
        assert shown == [str(each["id"]) for each in rows]
        assert len(shown) > 1


async def what_is_published_is_found_with_where_it_came_from(
    room: Room, ada: Visitor, tenant: Tenant
) -> None:
    html = await ada.see("/published")
    assert len(POST.findall(html)) == 2
    assert html.count("simulated</span>") == 2
    assert html.count("approved by Ada") == 2
    assert re.search(r'from <a href="/workflows/[^"]+">We have shipped\.</a>', html)
    assert POST.findall(await ada.see("/published?q=%22have+shipped%22")) == POST.findall(html)
    (only,) = POST.findall(await ada.see("/published?platform=x&q=shipped"))
    assert (await tenant.scene.row("SELECT platform FROM posts WHERE id = :id", id=only))["platform"] == "x"
    assert "No post has these words." in await ada.see("/published?q=zeppelin")
    older = re.search(r'href="(\?q=shipped&amp;cursor=[^"]+)"', await ada.see("/published?q=shipped&limit=1"))
    assert older
    rest = POST.findall(await ada.see(f"/published{older[1].replace('&amp;', '&')}"))
    assert rest == POST.findall(html)[1:]


async def the_receipt_says_what_was_approved_sent_and_answered(
    room: Room, ada: Visitor, tenant: Tenant
) -> None:
    job = await tenant.job("published")
    post = await tenant.scene.row("SELECT * FROM posts WHERE publishing_job_id = :id", id=job["id"])
    html = await ada.see(f"/published/{post['id']}")
    assert post["text_content"] in html
    assert job["approved_hash"][:12] in html
    assert "<dt>By</dt><dd>Ada</dd>" in html
    assert ">confirmed<" in html
    assert "&#34;platform_post_id&#34;" in html


async def test_what_is_there_to_be_seen(
    room: Room, ada: Visitor, tenant: Tenant, subtests: pytest.Subtests
) -> None:
    for look in (
        what_needs_somebody_comes_first_with_its_remedies,
        the_parts_go_on_where_the_page_ends,
        what_is_published_is_found_with_where_it_came_from,
        the_receipt_says_what_was_approved_sent_and_answered,
        nobody_is_offered_what_they_may_not_do,
    ):
        with subtests.test(look.__name__):
            await look(room, ada, tenant)


async def test_a_held_job_gets_an_account_and_is_sent(ada: Visitor, tenant: Tenant) -> None:
    held = await tenant.job("held")
    html = await ada.see("/ledger")
    choices = re.findall(r'<option value="([^"]+)"', row(html, held["id"]))
    nothing = await ada.swap(f"/ledger/{held['id']}/retry")
    assert nothing.status_code == 422
    sent = await ada.submit(f"/ledger/{held['id']}/retry", {"account_id": choices[0]})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/ledger/{held['id']}")
    assert "It is sent again now." in await ada.see(f"/ledger/{held['id']}")
    await publish_all(tenant)
    html = await ada.see(f"/ledger/{held['id']}")
    assert ">Refused<" in html
    assert "The same words are out already, by another approval" in html
    review = re.search(r'href="/reviews/([^"]+)">Decide its new review<', html)
    assert review
    assert review[1] in {str(each["id"]) for each in await tenant.pending()}


async def test_an_account_that_expired_is_to_be_reconnected(ada: Visitor, tenant: Tenant) -> None:
    job = await tenant.job("scheduled")
    await tenant.scene.execute(
        "UPDATE publishing_jobs SET status = 'held', error = CAST(:error AS jsonb) WHERE id = :id",
        id=job["id"],
        error='{"code": "Reauthorize", "detail": "The token has expired.", "remedy": ""}',
    )
    await tenant.scene.execute(
        "UPDATE connected_accounts SET status = 'token_expired' WHERE id = :id",
        id=job["connected_account_id"],
    )
    html = row(await ada.see("/ledger"), job["id"])
    assert "The token has expired." in html
    assert f'href="/settings/accounts#{job["platform"]}">Reconnect' in html
    assert f'action="/ledger/{job["id"]}/retry"' not in html, "it would be held again"


async def test_a_person_says_what_became_of_a_post(ada: Visitor, tenant: Tenant) -> None:
    job = await tenant.job("unknown")
    here = f"/ledger/{job['id']}"
    await ada.see(here)
    assert (await ada.submit(f"{here}/reconcile", {"outcome": "published"})).status_code == 422
    assert (await ada.submit(f"{here}/reconcile", {"outcome": "perhaps"})).status_code == 422
    url = "https://blog.example.com/shipped/"
    said = await ada.submit(f"{here}/reconcile", {"outcome": "published", "url": url})
    assert said.status_code == 303
    await publish_all(tenant)
    html = await ada.see(here)
    assert "<strong>A person said</strong>" in html
    receipt = re.search(r'href="(/published/[^"]+)"', html)
    assert receipt
    html = await ada.see(receipt[1])
    assert f'href="{url}"' in html
    assert "It can only be taken down on the blog itself." in html
    again = await ada.submit(f"{here}/reconcile", {"outcome": "absent"})
    assert again.status_code == 409


async def test_the_platform_is_asked_again(ada: Visitor, tenant: Tenant) -> None:
    job = await tenant.job("unknown")
    asked = await ada.swap(f"/ledger/{job['id']}/reconcile")
    assert (asked.status_code, asked.headers["hx-redirect"]) == (204, "/inbox"), (
        "back to where the button was"
    )
    assert (await tenant.job("publishing"))["id"] == job["id"]


async def test_what_is_scheduled_is_moved_in_the_pages_time_zone_and_cancelled(
    ada: Visitor, tenant: Tenant
) -> None:
    job = await tenant.job("scheduled")
    here = f"/ledger/{job['id']}"
    ada.cookies.set("proofroom_timezone", "Asia/Tokyo")
    await ada.see(here)
    day = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d}"
    moved = await ada.submit(f"{here}/reschedule", {"at": f"{day}T09:00"})
    assert moved.status_code == 303
    assert "at 09:00" in await ada.see(here)
    at = (await tenant.owner.get(f"/v1/publishing-jobs/{job['id']}")).json()["scheduled_for"]
    assert datetime.fromisoformat(at) == datetime.fromisoformat(f"{day}T00:00Z")
    for wrong in ("2020-01-01T09:00", "soon", ""):
        assert (await ada.submit(f"{here}/reschedule", {"at": wrong})).status_code == 422
    await ada.submit(f"{here}/cancel")
    assert ">Cancelled<" in await ada.see(here)
    assert (await ada.submit(f"{here}/cancel")).status_code == 409


async def test_a_post_is_taken_down(room: Room, ada: Visitor, tenant: Tenant) -> None:
    post = await tenant.scene.row(
        "SELECT * FROM posts WHERE workspace_id = :id AND platform = 'x'", id=tenant.owner.workspace_id
    )
    here = f"/published/{post['id']}"
    reviewer = await room.colleague(ada, "reviewer")
    assert "Editors of this workspace can take it down." in await reviewer.see(here)
    assert (await reviewer.submit(f"{here}/unpublish")).status_code == 403
    assert 'hx-trigger="every 2s"' not in await ada.see(here)
    asked = await ada.submit(f"{here}/unpublish")
    assert (asked.status_code, asked.headers["location"]) == (303, here)
    html = await ada.see(here)
    assert "being taken down" in html
    assert 'hx-trigger="every 2s"' in html, "its result comes by itself"
    workspace_id: UUID = tenant.owner.workspace_id
    await posts.take_down(tenant.scene.runtime, workspace_id, post["id"])
    html = await ada.see(here)
    assert "X has taken it down." in html
    assert "<strong>Asked to take it down</strong>" in html
    assert "every 2s" not in html
    assert (await ada.submit(f"{here}/unpublish")).status_code == 409
    assert "taken down</span>" in await ada.see("/published")


async def test_a_platform_that_does_not_take_it_down_is_quoted(ada: Visitor, tenant: Tenant) -> None:
    post = await tenant.scene.row(
        "SELECT * FROM posts WHERE workspace_id = :id AND platform = 'x'", id=tenant.owner.workspace_id
    )
    await ada.see(f"/published/{post['id']}")
    await ada.submit(f"/published/{post['id']}/unpublish")
    await tenant.owner.delete(f"/v1/accounts/{post['connected_account_id']}")
    await posts.take_down(tenant.scene.runtime, tenant.owner.workspace_id, post["id"])
    html = await ada.see(f"/published/{post['id']}")
    assert "It is still out. X says:" in html
    assert "disconnected" in html
