"""A review as HTML: what it shows, decisions and what stands in their way, and what the page asks for while it is open."""

import re
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from graphs.interrupts import Decision
from models import RuleScope
from services.style import style_rules
from tests.plugins.scene import Scene
from tests.plugins.web import Room, Visitor, wait

HOSTILE = "# <script>alert(1)</script>\n\n[click](javascript:alert(2)) <img src=x onerror=alert(3)> & more"
_SEEN = re.compile(r'name="seen_hash" value="([0-9a-f]{64})"')
_WORDS = re.compile(r"<textarea id=\"content\"[^>]*>\n(.*?)</textarea>", re.DOTALL)


async def form(visitor: Visitor, address: str) -> dict[str, Any]:
    """What the page would send, to begin with."""
    html = await visitor.see(address)
    seen, words = _SEEN.search(html), _WORDS.search(html)
    assert seen is not None
    assert words is not None
    return {"seen_hash": seen[1], "content": unescape(words[1]), "when": "proposed", "zone": "UTC"}


async def decide(visitor: Visitor, address: str, decision: str, **changes: Any) -> httpx.Response:
    given = await form(visitor, address)
    path, _, query = address.partition("?")
    return await visitor.submit(f"{path}/decision?{query}", {**given, "decision": decision, **changes})


async def stored(scene: Scene, address: str) -> dict[str, Any]:
    return await scene.row("SELECT * FROM reviews WHERE id = :id", id=address.rpartition("/")[2])


async def test_all_that_a_decision_needs_is_on_the_page(ada: Visitor, scene: Scene) -> None:
    source = "We have shipped <b>Harbour</b>. 🚢"
    (address,) = await wait(
        scene, "linkedin", text=source, texts=("First line.\nSecond line.\nThird.\nHidden.",)
    )
    await scene.execute(
        """UPDATE evaluations SET findings = jsonb_set(jsonb_set(jsonb_set(findings,
            '{clarity}', '{"quote": "First line.", "instruction": "Say <i>more</i>."}'),
            '{grammar}', '{"quote": "line.\\nSecond", "instruction": "Join them."}'),
            '{engagement}', '{"quote": "Not in there.", "instruction": "Ask."}')"""
    )
    html = await ada.see(address)
    assert "…see more" in html
    assert re.search(r'class="folded">\s*Hidden\.', html)
    assert '<mark data-quote="clarity grammar">line.</mark>' in html, "quotes may overlap"
    assert html.count('id="quote-clarity"') == 1
    assert 'href="#quote-clarity"' in html
    assert "Not in there." in html
    assert "#quote-engagement" not in html
    assert "Say &lt;i&gt;more&lt;/i&gt;." in html
    assert "We have shipped &lt;b&gt;Harbour&lt;/b&gt;. 🚢" in html
    assert "of 3,000 characters" in html
    assert ">90</span>" in html
    assert "ada (simulated)" in html
    assert "Draft 1" in html
    for word in ("accept", "edit", "revise", "regenerate", "reject"):
        assert f'name="decision" value="{word}"' in html


async def test_the_rules_that_the_writer_was_told_are_shown(ada: Visitor, scene: Scene) -> None:
    async with scene.tenant() as session:
        for rule, platform in (("Say <tea>.", None), ("No puns.", "x")):
            await style_rules.create(
                session, scene.principal, rule=rule, platform=platform, scope=RuleScope.WORKSPACE
            )
    linkedin, x = await wait(scene, "linkedin", "x")
    shown = await ada.see(linkedin)
    assert "Say &lt;tea&gt;." in shown
    assert "No puns." not in shown
    assert "No puns." in await ada.see(x)


async def test_hostile_words_do_nothing(ada: Visitor, scene: Scene) -> None:
    addresses = await wait(scene, "linkedin", "x", "blog", text=HOSTILE, texts=(HOSTILE,) * 3)
    for address in addresses:
        html = await ada.see(address)
        inside = html.partition("<main")[2]
        assert not re.search(r"<script|<img src=x|href=\"javascript|<[^>]* onerror", inside), address
        assert "&lt;script&gt;alert(1)" in inside


async def test_a_decision_leads_to_the_next_one(ada: Visitor, scene: Scene) -> None:
    first, other, last = await wait(scene, "x", "linkedin", "blog")
    for here, there in ((first, other), (other, last), (last, first)):
        assert (await ada.get(f"{here}/next")).headers["location"].startswith(there), "past all of them"
    done = await decide(ada, f"{first}?assignee=nobody", "accept")
    assert done.status_code == 303
    assert done.headers["location"] == f"{other}?assignee=nobody&last={first.rpartition('/')[2]}"
    html = await ada.see(done.headers["location"])
    assert "Accepted. 2 left." in html
    assert f'href="{first}"' in html, "a way back to what was decided"

    assert (await ada.get(f"{other}/next")).headers["location"].startswith(last)
    only = await decide(ada, f"{last}?platform=blog", "reject", feedback="Not ours to say.")
    assert only.headers["location"] == "/inbox?platform=blog"
    assert "Rejected. Nothing else waits here." in await ada.see("/inbox")
    assert (await stored(scene, last))["comment"] == "Not ours to say."
    assert (await decide(ada, other, "regenerate", feedback=" \r\n")).status_code == 422
    assert (await decide(ada, other, "regenerate", feedback="Shorter.")).headers["location"] == "/inbox"
    while await scene.advance():
        pass
    (again,) = await scene.rows("SELECT id FROM reviews WHERE status = 'pending'")
    html = await ada.see(f"/reviews/{again['id']}")
    assert re.search(r"<strong>ada</strong> asked for a new draft: <q dir=\"auto\">Shorter\.</q>", html)
    drafts = re.findall(r'name="before" value="([^"]+)"', html)
    changes = await ada.see(f"/reviews/{again['id']}/changes?before={drafts[0]}&after={drafts[1]}")
    assert "<ins>Shorter.</ins>" in changes
    assert "<del>0</del>" in changes


async def test_an_edit_approves_its_own_text_or_goes_back(ada: Visitor, scene: Scene) -> None:
    x, blog = await wait(scene, "x", "blog", texts=("One\n\nTwo", "# Body\n\nWords."))
    assert (await decide(ada, x, "revise")).status_code == 422
    accepted = await decide(ada, x, "accept", content="One\r\n\r\nTwo, changed")
    assert accepted.status_code == 422
    assert "Save and approve" in accepted.text
    assert "Two, changed" in accepted.text
    unchanged = await decide(ada, x, "accept", content="One\r\n\r\nTwo")
    assert unchanged.status_code == 303, "browsers send lines with CR LF"

    tags = "tea, coffee house"
    more = {"title": "Ours", "excerpt": "In short", "tags": tags}
    saved = await decide(ada, blog, "edit", content="# Body\r\n\r\nBetter.", **more)
    assert saved.status_code == 303
    kept = await stored(scene, blog)
    assert kept["approve"]
    assert kept["edited"] == {
        "content": "# Body\n\nBetter.",
        "metadata": {"title": "Ours", "excerpt": "In short", "tags": ["tea", "coffee house"]},
        "media": None,
    }


async def test_what_its_platform_would_not_take_stays_in_the_editor(ada: Visitor, scene: Scene) -> None:
    (address,) = await wait(scene, "x")
    given = await form(ada, address)
    long = "far too long " * 30
    measured = await ada.swap(f"{address}/measure", {**given, "content": long})
    assert "390 of 280" in measured.text
    assert "Shorten the text by 110." in measured.text
    assert 'hx-swap-oob="true"' in measured.text
    assert "110 too many" in measured.text

    refused = await ada.swap(f"{address}/decision", {**given, "decision": "edit", "content": long})
    assert refused.status_code == 422
    assert refused.text.startswith('<div id="review"')
    assert re.search(r'<textarea id="content"[^>]*aria-invalid="true"', refused.text)
    assert long in refused.text
    assert (await stored(scene, address))["status"] == "pending"
    sent = await ada.swap(f"{address}/decision", {**given, "decision": "revise", "content": "Short.\r\n"})
    assert (sent.status_code, sent.headers["hx-redirect"]) == (204, "/inbox")


async def test_when_and_as_whom(ada: Visitor, scene: Scene) -> None:
    first, second = await wait(scene, "x", "linkedin")
    later = (datetime.now(UTC) + timedelta(days=400)).replace(month=7, day=1, hour=9, minute=30)
    at = {"when": "at", "at": f"{later:%Y-%m-%dT%H:%M}", "zone": "Europe/Berlin"}
    account = await scene.row("SELECT id FROM connected_accounts WHERE platform = 'x'")
    done = await decide(ada, first, "accept", account_id=str(account["id"]), **at)
    assert done.status_code == 303
    kept = await stored(scene, first)
    assert kept["schedule_for"] == later.replace(hour=7, second=0, microsecond=0)
    assert kept["connected_account_id"] == account["id"]

    year = later.year
    spring = datetime(year, 3, 31, 2, 30, tzinfo=UTC)
    spring -= timedelta(days=(spring.weekday() + 1) % 7)
    for wrong, said in (
        (f"{spring:%Y-%m-%dT%H:%M}", "clocks go forward"),
        ("", "Give a day and a time"),
        ("2020-01-01T10:00", "in the past"),
        ("10000-01-01T10:00", "Give a day"),
    ):
        refused = await decide(ada, second, "accept", **{**at, "at": wrong})
        assert refused.status_code == 422, wrong
        assert said in refused.text
    autumn = datetime(year, 10, 31, 2, 30, tzinfo=UTC)
    autumn -= timedelta(days=(autumn.weekday() + 1) % 7)
    assert (
        await decide(ada, second, "accept", **{**at, "at": f"{autumn:%Y-%m-%dT%H:%M}"})
    ).status_code == 303
    assert "02:30 CEST." in await ada.see("/inbox")
    kept = await stored(scene, second)
    assert kept["schedule_for"] == autumn.replace(hour=0, minute=30), "of two half past twos the first"


async def test_who_was_faster_is_said_and_nothing_typed_is_lost(
    room: Room, ada: Visitor, scene: Scene
) -> None:
    (address,) = await wait(scene, "x", texts=("The first words.",))
    grace = await room.colleague(ada, "reviewer")
    given = await form(grace, address)
    thread_id = (await stored(scene, address))["thread_id"]
    await scene.decide(thread_id, Decision(decision="regenerate", feedback="Say <why>."))
    mine = {**given, "decision": "edit", "content": "The first words, and mine."}
    late = await grace.submit(f"{address}/decision", mine)
    assert late.status_code == 409
    assert "<strong>ada</strong> asked for a new draft" in late.text
    assert "Say &lt;why&gt;." in late.text
    assert "<del>, and mine</del>" in late.text
    assert "The first words, and mine.</textarea>" in late.text
    live = await grace.swap(f"{address}/overtaken", mine)
    assert live.text.startswith('<div class="hold outcome')
    assert "and mine" in live.text

    scene.words.texts = iter(["The second words."])
    while await scene.advance():
        pass
    picture = {"media_url": "https://example.com/a.jpg", "alt_text": "A light"}
    late = await grace.submit(f"{address}/decision", {**mine, **picture})
    for name, value in picture.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in late.text
    new = f"/reviews/{(await scene.review(thread_id))['id']}"
    assert f'action="{new}/editor"' in late.text
    assert "<del>first</del><ins>second</ins> words<del>, and mine</del>" in late.text
    taken = await grace.submit(f"{new}/editor", {"content": mine["content"]})
    assert "and mine.</textarea>" in taken.text
    changed = await grace.submit(f"{new}/decision", mine)
    assert changed.status_code == 409, "the draft that was seen is another one"
    assert "not the one you saw" in changed.text
    assert "and mine.</textarea>" in changed.text
    seen = _SEEN.search(changed.text)
    assert seen is not None
    assert (await grace.submit(f"{new}/decision", {**mine, "seen_hash": seen[1]})).status_code == 303


async def test_a_decided_review_tells_what_came_of_it(room: Room, ada: Visitor, scene: Scene) -> None:
    accepted, edited, cancelled = await wait(scene, "x", "linkedin", "blog")
    assert (await decide(ada, accepted, "accept")).status_code == 303
    assert (await decide(ada, edited, "edit", content="Now mine.")).status_code == 303
    while await scene.advance():
        pass
    grace = await room.colleague(ada, "viewer")
    html = await grace.see(accepted)
    assert "<strong>ada</strong> accepted it" in html
    assert "See the post" in html
    assert "/ledger/" in html
    assert '<form id="decision"' not in html
    html = await grace.see(edited)
    assert "<strong>ada</strong> edited and approved it" in html
    assert "edited by ada" in html

    workflow_id = (await scene.state(UUID(str((await stored(scene, cancelled))["thread_id"]))))["workflow_id"]
    assert (await ada.api.post(f"/v1/workflows/{workflow_id}/cancel")).is_success
    assert "The workflow was cancelled" in await ada.see(cancelled)


async def test_viewers_look_and_strangers_do_not(room: Room, ada: Visitor, scene: Scene) -> None:
    (address,) = await wait(scene, "x")
    viewer, stranger = await room.colleague(ada, "viewer"), await room.person()
    html = await viewer.see(address)
    assert "Deciding takes a reviewer" in html
    assert 'value="accept"' not in html
    assert (await viewer.submit(f"{address}/decision", {"decision": "accept"})).status_code == 403
    token = {"X-CSRF-Token": viewer.csrf_token}
    assert (await viewer.put(f"{address}/presence", headers=token)).status_code == 200
    assert f"{viewer.username} is looking" in await ada.see(address)
    assert (await viewer.delete(f"{address}/presence", headers=token)).status_code == 204
    assert "is looking" not in await ada.see(address)
    await stranger.see(address, 404)
    await ada.see("/reviews/nonsense", 404)
    assert (await ada.submit(f"{address}/decision", {"decision": "maybe"})).status_code == 422


async def test_people_comment(room: Room, ada: Visitor, scene: Scene) -> None:
    (address,) = await wait(scene, "x")
    grace, viewer = await room.colleague(ada, "reviewer"), await room.colleague(ada, "viewer")
    assert "Nobody has said anything yet" in await grace.see(address)
    said = await grace.swap(f"{address}/comments", {"body": " Is 34% <right>? "})
    assert "Is 34% &lt;right&gt;?" in said.text
    plain = await ada.submit(f"{address}/comments", {"body": "Checked."})
    assert (plain.status_code, plain.headers["location"]) == (303, f"{address}#comments")
    html = await viewer.see(address)
    assert html.index("Is 34%") < html.index("Checked.")
    assert grace.username in html
    assert (await grace.swap(f"{address}/comments", {"body": " "})).status_code == 422
    assert (await viewer.submit(f"{address}/comments", {"body": "Me too."})).status_code == 403


async def test_a_very_long_article_opens_at_once(ada: Visitor, scene: Scene) -> None:
    text = "\n\n".join(f"## Part {number}\n\n" + "words of it " * 100 for number in range(100))
    (short,) = await wait(scene, "blog", texts=("Short.",))
    (address,) = await wait(scene, "blog", texts=(text,))
    await ada.see(short)  # whatever is made but once
    started = time.process_time()
    html = await ada.see(address)
    assert time.process_time() - started < 0.25, "a short one takes 0.01"
    assert "Part 99" in html
