"""Workflows as HTML: the list, and one of them with its drawing, drafts, record and what can be done about it."""

import re
from decimal import Decimal
from uuid import UUID

from graphs.interrupts import Decision
from tests.plugins.scene import Scene
from tests.plugins.web import Room, Visitor
from web.pages import workflows


async def workflow(scene: Scene, thread_id: UUID) -> str:
    return str((await scene.state(thread_id))["workflow_id"])


def section(html: str, platform: str) -> str:
    found = re.search(rf'<section[^>]*id="thread-{platform}".*?</section>', html, re.DOTALL)
    assert found is not None
    return found[0]


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_a_workflow_from_the_brief_to_the_post(ada: Visitor, scene: Scene) -> None:
    scene.words.model, scene.words.cost, scene.words.max_cost = "m-large", Decimal("0.02"), Decimal(1)
    linkedin, x = await scene.start("linkedin", "x", text="# We have shipped\n\nIt took a year.")
    path = f"/workflows/{await workflow(scene, x)}"
    html = await ada.see(path)
    assert '<h1 dir="auto">We have shipped</h1>' in html
    assert "Being written" in section(html, "x")
    assert "● Write" in section(html, "x")
    await scene.advance()
    html = await ada.see(path)
    review = await scene.review(linkedin)
    assert f'href="/reviews/{review["id"]}"' in section(html, "linkedin")
    assert "● Review" in section(html, "linkedin")
    assert "Draft 0 says" in section(html, "linkedin")
    assert "$0.040 for language models" in words(section(html, "linkedin"))
    assert "$0.080 for language models so far" in words(html)
    record = words(html[html.index('id="record"') :])
    assert "LinkedIn : the writer asked m-large 10 tokens in, 20 out · $0.020 · 0.0 s" in record
    assert "scored 90" in record
    await scene.accept(x)
    await scene.decide(linkedin, Decision(decision="regenerate", feedback="Shorter."))
    await scene.advance()
    html = await ada.see(path)
    assert "✓ Write ×2" in section(html, "linkedin")
    job = await scene.job(x)
    assert "● Published" in section(html, "x")
    assert f'href="/ledger/{job["id"]}"' in section(html, "x")
    assert f'href="{job["response_data"]["url"]}"' in section(html, "x")
    assert f"proofroom studio --thread {x}" in section(html, "x")
    now = await ada.see(f"{path}/now")
    assert now.lstrip().startswith('<div class="stack" id="workflow"'), "what changes, and nothing around it"


async def test_the_record_of_one_commit_is_told_in_its_order(ada: Visitor, scene: Scene) -> None:
    (x,) = await scene.start("x")
    await scene.advance()
    html = await ada.see(f"/workflows/{await workflow(scene, x)}")
    told = words(html[html.index('id="record"') :])
    order = [
        "a review was asked for",
        "scored 90",
        "the critic asked",
        "draft 1 was written",
        "the writer asked",
        "being written",
    ]
    places = [told.index(each) for each in order]
    assert places == sorted(places), "the latest first"


async def test_a_failed_draft_is_tried_again(room: Room, ada: Visitor, scene: Scene) -> None:
    scene.words.texts = iter([RuntimeError("The model is <b>away</b>."), *["x" * 9] * 9])
    (x,) = await scene.start("x")
    await scene.execute("UPDATE platform_states SET attempts = 2 WHERE id = :id", id=x)
    await scene.advance()
    path = f"/workflows/{await workflow(scene, x)}"
    html = section(await ada.see(path), "x")
    assert "✕ Write" in html
    assert "<b>away" not in html
    assert "Try again" in html
    viewer = await room.colleague(ada, "viewer")
    html = await viewer.see(path)
    assert "Try again" not in html
    assert "Editors and owners of this workspace can run it again" in html
    assert (await viewer.submit(f"{path}/retry", {"thread_id": str(x)})).status_code == 403
    answer = await ada.submit(f"{path}/retry", {"thread_id": str(x)})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "Being written" in section(await ada.see(path), "x")
    assert (await ada.submit(f"{path}/retry", {"thread_id": str(x)})).status_code == 409


async def test_cancelling(room: Room, ada: Visitor, scene: Scene) -> None:
    (x,) = await scene.start("x")
    await scene.advance()
    path = f"/workflows/{await workflow(scene, x)}"
    reviewer = await room.colleague(ada, "reviewer")
    assert "Cancel all of it" not in await reviewer.see(path)
    assert (await reviewer.submit(f"{path}/cancel")).status_code == 403
    assert "Cancel all of it" in await ada.see(path)
    assert (await ada.submit(f"{path}/cancel")).status_code == 303
    html = await ada.see(path)
    assert "Nothing of it goes out any more" in html
    assert "✕ Review" in html
    assert "/reviews/" not in section(html, "x")
    assert (await ada.submit(f"{path}/cancel")).status_code == 409


async def test_a_refused_post_says_why_and_a_held_one_what_to_do(ada: Visitor, scene: Scene) -> None:
    (x,) = await scene.start("x")
    await scene.advance()
    await scene.accept(x)
    await scene.execute("UPDATE connected_accounts SET status = 'disconnected', credentials = NULL")
    await scene.advance()
    html = section(await ada.see(f"/workflows/{await workflow(scene, x)}"), "x")
    assert "Held" in html
    assert "disconnected" in html


async def test_the_list(room: Room, ada: Visitor, scene: Scene) -> None:
    assert 'href="/new"' in await ada.see("/workflows")
    first, *_ = await scene.start("x", "blog", text="\n\n## The <first>\n\nline")
    await scene.start("linkedin", text="The second")
    html = await ada.see("/workflows")
    assert html.index("The second") < html.index("The &lt;first&gt;"), "newest first"
    assert "Being written" in html
    shown = await ada.see("/workflows?status=awaiting_review")
    assert "Nothing is in this state" in shown
    await scene.execute("UPDATE platform_states SET due_at = NULL WHERE platform = 'linkedin'")
    await scene.advance()
    shown = await ada.see("/workflows?status=awaiting_review")
    assert "The second" not in shown
    assert f'href="/workflows/{await workflow(scene, first)}"' in shown
    html = await ada.see(f"/workflows/{await workflow(scene, first)}")
    assert "<h4>The &lt;first&gt;</h4>" in section(html, "blog")
    assert "## The &lt;first&gt;" in section(html, "x"), "where Markdown is shown as it is typed"
    eve = await room.person("eve")
    assert "The second" not in await eve.see("/workflows")
    await eve.see(f"/workflows/{await workflow(scene, first)}", 404)
    viewer = await room.colleague(eve, "viewer")
    html = await viewer.see("/workflows")
    assert "Editors and owners of this workspace can start one" in html


async def test_older_ones_are_a_page_on(ada: Visitor, scene: Scene) -> None:
    for number in range(workflows.LIMIT + 1):
        await scene.start("x", text=f"Number {number}.")
    html = await ada.see("/workflows?status=running")
    assert "Number 0." not in html
    more = re.search(r'href="([^"]*cursor=[^"]*)"', html)
    assert more is not None
    html = await ada.see("/workflows" + more[1].replace("&amp;", "&"))
    assert "Number 0." in html
    assert "Number 1." not in html


async def test_hostile_words_stay_words(ada: Visitor, scene: Scene) -> None:
    scene.words.texts = iter(["<script>alert(1)</script> 🙈 مرحبا"])
    (x,) = await scene.start("x", text="<img src=x onerror=alert(1)>")
    await scene.advance()
    html = await ada.see(f"/workflows/{await workflow(scene, x)}")
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "🙈 مرحبا" in html
