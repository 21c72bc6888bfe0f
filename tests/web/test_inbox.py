"""The inbox as HTML: what it lists, how it is filtered, and decisions on many at once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.briefs import Options
from tests.plugins.scene import Scene
from tests.plugins.web import Room, Visitor
from web.filters import unmarked

DEMANDING = Options(quality_bar=95, max_rounds=1)
_ROW = re.compile(r'<li id="r-([0-9a-f-]{36})"')
_SEEN = re.compile(r'name="seen" value="([^"]+)"')
_KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


async def reviews(scene: Scene, *platforms: str, text: str = "We have shipped.", **brief: Any) -> list[str]:
    """That wait for a decision, in the order of `platforms`."""
    threads = await scene.start(*platforms, text=text, **brief)
    await scene.advance()
    return [str((await scene.review(thread_id))["id"]) for thread_id in threads]


async def rows(visitor: Visitor, **query: str) -> list[str]:
    answer = await visitor.get("/inbox", params=query)
    assert answer.status_code == 200, answer.text
    return _ROW.findall(answer.text)


async def accept(visitor: Visitor, *review_ids: str) -> tuple[str, dict[str, Any]]:
    """What the dialog shows, and the form in it."""
    html = await visitor.see(f"/inbox/accept?{'&'.join(f'review={each}' for each in review_ids)}")
    key = _KEY.search(html)
    assert key is not None
    return html, {"seen": _SEEN.findall(html), "idempotency_key": key[1]}


async def test_the_most_urgent_is_first(room: Room, ada: Visitor, scene: Scene) -> None:
    assert "Nothing waits for you" in await ada.see("/inbox")
    scene.words.texts = iter(["<script>alert(1)</script> & more"])
    (old,) = await reviews(scene, "x")
    linkedin, blog = await reviews(scene, "linkedin", "blog", options=DEMANDING)
    now = datetime.now(UTC)
    for review_id, due in ((blog, now - timedelta(hours=3)), (linkedin, now + timedelta(hours=5))):
        await ada.api.patch(f"/v1/reviews/{review_id}", json={"due_at": due.isoformat()})

    html = await ada.see("/inbox")
    assert _ROW.findall(html) == [blog, linkedin, old]
    assert "<title>(3) Inbox · Proofroom</title>" in html
    assert '<span id="waiting" class="count">3<span' in html
    assert "3 waiting, most urgent first" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert "<script>alert" not in html
    overdue, due_soon, undated = html.split('<li id="r-')[1:]
    assert 'badge-bad">Overdue, ' in overdue
    assert "What was said" in overdue, "the title"
    assert "score-fair" in overdue, "90, and the bar is 95"
    assert 'badge-fair">Due ' in due_soon
    assert "Due" not in undated
    assert "score-good" in undated
    assert "as ada" in undated
    assert '>3<span class="unseen"> waiting' in await ada.see("/inbox/count")

    first = await ada.get("/inbox", params={"limit": 1})
    assert _ROW.findall(first.text) == [blog]
    assert 'href="/inbox?limit=51"' in first.text
    await scene.execute("UPDATE reviews SET due_at = NULL WHERE id = :id", id=blog)
    assert await rows(ada) == [linkedin, old, blog]
    stranger = await room.person()
    assert await rows(stranger) == []


async def test_after_the_longest_list_comes_the_next(ada: Visitor, scene: Scene) -> None:
    (review_id,) = await reviews(scene, "x")
    columns = "workspace_id, thread_id, draft_id, platform, seen_hash, connected_account_id"
    await scene.execute(
        f"INSERT INTO reviews ({columns}, interrupt_id)"
        f" SELECT {columns}, 'copy-' || n FROM reviews, generate_series(1, 250) n WHERE id = :id",
        id=review_id,
    )
    longest = await ada.get("/inbox", params={"limit": 200, "platform": "x"})
    assert "(200+) Inbox" in longest.text
    shown = _ROW.findall(longest.text)
    more = re.search(r'href="(/inbox\?[^"]*cursor=[^"]*)"', longest.text)
    assert more is not None
    rest = _ROW.findall(await ada.see(more[1].replace("&amp;", "&")))
    assert len({*shown, *rest}) == len(shown) + len(rest) == 251


async def test_filters_are_in_the_address(room: Room, ada: Visitor, scene: Scene) -> None:
    project = (await ada.api.post("/v1/projects", json={"title": "Spring launch"})).json()["id"]
    scene.words.texts = iter(["Tea is older.", "Coffee is stronger."])
    x, linkedin = await reviews(scene, "x", "linkedin", project_id=UUID(project))
    (demanding,) = await reviews(scene, "blog", options=DEMANDING)
    await ada.api.patch(f"/v1/reviews/{x}", json={"assignee_id": str(ada.user_id)})
    await scene.execute("UPDATE reviews SET created_at = now() - interval '2 days' WHERE id = :id", id=x)

    assert await rows(ada, platform="linkedin") == [linkedin]
    assert await rows(ada, project=project) == [x, linkedin]
    assert await rows(ada, assignee="me") == await rows(ada, assignee=str(ada.user_id)) == [x]
    assert await rows(ada, assignee="nobody") == [linkedin, demanding]
    assert await rows(ada, score="below-bar") == [demanding]
    assert await rows(ada, score="at-bar") == [x, linkedin]
    assert await rows(ada, age="over-a-day") == [x]
    assert await rows(ada, age="under-a-day") == [linkedin, demanding]
    assert await rows(ada, age="over-3-days") == []
    found = {words: await rows(ada, q=words) for words in ("tea", " STRONGER. ", "what was said", "%")}
    assert found == {"tea": [x], " STRONGER. ": [linkedin], "what was said": [demanding], "%": []}
    empty = dict.fromkeys(("q", "platform", "project", "assignee", "score", "age"), "")
    assert await rows(ada, **empty) == [x, linkedin, demanding], "as it is sent without scripts"

    html = await ada.see("/inbox?project=" + project + "&platform=x&score=")
    assert "1 of 3 waiting" in html
    assert f'data-here="/inbox?platform=x&amp;project={project}"' in html
    assert '<option value="x" selected>' in html
    assert f'<option value="{project}" selected>Spring launch</option>' in html
    nothing = await ada.see("/inbox?platform=blog&project=" + project)
    assert "Nothing that waits fits these filters." in nothing
    assert "Clear filters" in nothing
    assert (await ada.get("/inbox?platform=myspace")).status_code == 422


async def test_what_was_shown_is_accepted_each_by_itself(room: Room, ada: Visitor, scene: Scene) -> None:
    grace = await room.colleague(ada, "reviewer")
    end = "and that is the end of a long text."
    scene.words.texts = iter([f"{'Long. ' * 100}{end}"])
    (linkedin,) = await reviews(scene, "linkedin")
    changed, decided, good = [(await reviews(scene, "x"))[0] for _ in range(3)]
    scene.words.texts = iter(["far too long " * 50] * 3)
    (bad,) = await reviews(scene, "x")

    html, form = await accept(ada, linkedin, changed, decided, bad, good)
    assert end in html, "nothing is accepted that was not shown"
    assert "Accept 4 of these 5 posts?" in html
    assert html.count('class="problem"') == 1
    assert len(form["seen"]) == 4
    theirs, their_form = await accept(grace, decided)
    assert "Accept this post?" in theirs
    assert (await grace.submit("/inbox/accept", their_form)).headers["location"] == "/inbox"
    assert "1 post accepted." in await grace.see("/inbox")
    await scene.execute("UPDATE reviews SET seen_hash = repeat('0', 64) WHERE id = :id", id=changed)

    answer = await ada.swap("/inbox/accept", form)
    assert "2 posts accepted." in answer.text
    assert "2 were not:" in answer.text
    assert f"{grace.username} decided accept at" in answer.text
    assert "The draft is not the one you saw" in answer.text
    assert "inbox:changed" in answer.headers["hx-trigger"]
    assert "<html" not in answer.text, "a part of a page"
    assert (await ada.swap("/inbox/accept", form)).text == answer.text, "sent twice, done once"
    assert await rows(ada) == [changed, bad]

    _, form = await accept(ada, changed)
    done = await ada.swap("/inbox/accept", form)
    assert (done.text, done.headers["hx-trigger"]) == ("", '{"inbox:changed": {"said": "1 post accepted."}}')
    late = await ada.see(f"/inbox/accept?review={good}")
    assert "This cannot be accepted" in late
    assert "ada has decided it already: accept." in late
    assert (await ada.get(f"/inbox/accept?review={UUID(int=1)}")).status_code == 404
    assert (await ada.submit("/inbox/accept", {"seen": "x:y"})).status_code == 422


async def test_reviews_are_given_to_somebody_by_a_time(room: Room, ada: Visitor, scene: Scene) -> None:
    grace = await room.colleague(ada, "reviewer")
    x, linkedin = await reviews(scene, "x", "linkedin")
    ada.cookies.set("proofroom_timezone", "Europe%2FBerlin")
    html = await ada.see(f"/inbox/assign?review={x}&review={linkedin}")
    assert f'<option value="{grace.user_id}">{grace.username}</option>' in html
    assert "Times of Europe/Berlin" in html
    given = {
        "review": [x, linkedin],
        "assignee": str(grace.user_id),
        "due": "at",
        "due_at": "2040-05-01T09:00",
    }
    done = await ada.swap("/inbox/assign", given)
    assert "2 changed." in done.headers["hx-trigger"]
    assert await rows(grace, assignee="me") == [x, linkedin]
    (row,) = (await ada.see("/inbox?platform=x")).split('<li id="r-')[1:]
    assert f"For {grace.username}" in row
    item = (await ada.api.get(f"/v1/reviews/{x}")).json()
    assert item["due_at"] == "2040-05-01T07:00:00Z"
    assert 'value="2040-05-01T09:00"' in await ada.see(f"/inbox/assign?review={x}")

    kept = await ada.submit("/inbox/assign", {"review": x, "assignee": "nobody", "due": "keep"})
    assert kept.headers["location"] == "/inbox"
    item = (await ada.api.get(f"/v1/reviews/{x}")).json()
    assert (item["assignee_id"], item["due_at"]) == (None, "2040-05-01T07:00:00Z")
    await ada.submit("/inbox/assign", {"review": x, "assignee": "keep", "due": "none"})
    assert (await ada.api.get(f"/v1/reviews/{x}")).json()["due_at"] is None
    for bad in (
        {"due": "at", "due_at": "soon"},
        {"due": "at", "due_at": "9999-12-31T23:59"},
        {"due": "at", "due_at": "2040-03-25T02:30"},  # clocks go forward in Berlin
        {"assignee": str(UUID(int=1))},
    ):
        assert (await ada.submit("/inbox/assign", {"review": x, **bad})).status_code == 422


async def test_a_viewer_reads_and_sees_who_looks(room: Room, ada: Visitor, scene: Scene) -> None:
    (review_id,) = await reviews(scene, "x")
    await ada.api.patch(f"/v1/reviews/{review_id}", json={"assignee_id": str(ada.user_id)})
    assert (await ada.api.put(f"/v1/reviews/{review_id}/presence")).status_code == 204
    viewer = await room.colleague(ada, "viewer")
    html = await viewer.see("/inbox")
    assert "ada is looking" in html
    assert "For ada" in html
    assert "checkbox" not in html
    assert "/inbox/accept" not in html
    assert "/inbox/assign" not in html
    for path in (f"/inbox/accept?review={review_id}", f"/inbox/assign?review={review_id}"):
        assert (await viewer.get(path)).status_code == 403
    seen = f"{review_id}:{'0' * 64}"
    assert (await viewer.submit("/inbox/accept", {"seen": seen})).status_code == 403
    assert (await viewer.submit("/inbox/assign", {"review": review_id})).status_code == 403
    assert "is looking" not in await ada.see("/inbox"), "one's own looking is no news"


def test_a_line_of_the_inbox_has_words_and_no_marks() -> None:
    text = "A nap is **good**.\n\n## Why `rest` matters\n\n- See [the trial](https://a.example)\n> 2 * 3 = 6, #5 in snake_case"
    assert unmarked(text) == (
        "A nap is good.\n\nWhy rest matters\n\nSee the trial\n2 * 3 = 6, #5 in snake_case"
    )
    assert unmarked("![a cat](https://example.com/c") == "a cat", "where the opening was cut off"
