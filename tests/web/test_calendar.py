"""The calendar, as a browser without scripts sees it."""

import re
from datetime import UTC, datetime

import pytest

from tests.plugins.tenant import NEXT_YEAR, Tenant
from tests.plugins.web import Room, Visitor

SLOT = re.compile(r'<a class="slot slot-(\w+)" href="([^"]+)".*?<time [^>]*>([\d:]+)</time>', re.DOTALL)


@pytest.fixture
def ada(room: Room, tenant: Tenant) -> Visitor:
    return room.seat(tenant.owner, tenant.owner.headers["Authorization"].removeprefix("Bearer "))


async def test_a_month_has_what_is_out_what_goes_out_and_what_waits(ada: Visitor, tenant: Tenant) -> None:
    """In the page's time zone, each with the way to its page."""
    scheduled, unknown = await tenant.job("scheduled"), await tenant.job("unknown")
    pending, *_ = await tenant.pending()
    for table, column, row in (
        ("publishing_jobs", "scheduled_for", scheduled),
        ("publishing_jobs", "scheduled_for", unknown),
        ("reviews", "schedule_for", pending),
    ):
        moment = "2044-01-31T23:30Z" if row is scheduled else "2044-02-03T08:00Z"
        at = datetime.fromisoformat(moment)
        await tenant.scene.execute(f"UPDATE {table} SET {column} = :at WHERE id = :id", at=at, id=row["id"])
    ada.cookies.set("proofroom_timezone", "Asia/Tokyo")
    html = await ada.see("/calendar?month=2044-02")
    assert SLOT.findall(html) == [
        ("accent", f"/ledger/{scheduled['id']}", "08:30"),
        ("bad", f"/ledger/{unknown['id']}", "17:00"),
        ("fair", f"/reviews/{pending['id']}", "17:00"),
    ]
    assert html.count("day-empty") == 33, "29 days and six of March, less the two that have something"
    assert 'href="/new?day=2044-02-03"' in html
    assert 'href="/calendar?month=2044-03"' in html
    out = {where for kind, where, _ in SLOT.findall(await ada.see("/calendar")) if kind == "good"}
    posts = await tenant.scene.rows(
        "SELECT id FROM posts WHERE workspace_id = :id", id=tenant.owner.workspace_id
    )
    assert out == {f"/published/{post['id']}" for post in posts}


async def test_a_day_of_the_calendar_begins_a_brief(room: Room, ada: Visitor, tenant: Tenant) -> None:
    day = f"{NEXT_YEAR:%Y-%m-%d}"
    assert f'value="{day}T09:00"' in await ada.see(f"/new?day={day}")
    viewer = await room.colleague(ada, "viewer")
    html = await viewer.see("/calendar?month=2044-02")
    assert "/new?day=" not in html, "they may not write"
    stranger = await room.person()
    assert "Nothing goes out in these weeks." in await stranger.see(
        f"/calendar?month={datetime.now(UTC):%Y-%m}"
    )
    for none in ("2044-13", "2٠44-01"):
        await stranger.see(f"/calendar?month={none}", 422)
