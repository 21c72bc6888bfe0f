"""The form for new drafts as HTML: what is understood, what is wrong with it, and the start."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import text

from core.db import Database
from core.settings import Settings
from tests.plugins.scene import Scene
from tests.plugins.web import Room, Visitor
from web.app import create_app

TEXT = "# On tea\n\nTea is brewed for four minutes."
POST = text("""
INSERT INTO posts (id, workspace_id, platform, platform_post_id, content_type, title, text_content, published)
VALUES (:id, :workspace_id, 'blog', 'a post', 'article', 'On tea', 'Tea is brewed for four minutes.', true)
""")
_KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')
_TEMPLATE = re.compile(r'<option value="([0-9a-f-]{36})"[^>]*>([^<]+)</option>')


async def form(visitor: Visitor, **typed: Any) -> dict[str, Any]:
    """As the page has it, with what is typed."""
    key = _KEY.search(await visitor.see("/new"))
    assert key is not None
    return {
        "source": TEXT,
        "platforms": ["x"],
        "quality_bar": "80",
        "max_rounds": "3",
        "idempotency_key": key[1],
        **typed,
    }


async def started(visitor: Visitor, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    assert re.fullmatch(r"/workflows/[0-9a-f-]{36}#started", where)
    found: dict[str, Any] = (await visitor.api.get(f"/v1{where.partition('#')[0]}")).json()
    return found


async def count(visitor: Visitor) -> int:
    return len((await visitor.api.get("/v1/workflows")).json()["items"])


def errors(html: str) -> dict[str, str]:
    return dict(re.findall(r'<p class="error" id="([^"]+)-error">([^<]+)</p>', html))


async def test_a_text_is_started_with_all_wishes_once(ada: Visitor) -> None:
    sample = await ada.api.post("/v1/resources", json={"type": "style_sample", "content": "Short. Dry."})
    project = await ada.api.post("/v1/projects", json={"title": "Tea"})
    html = await ada.see("/new")
    assert html.count(" checked") == 3, "every platform with an account, but for the one that takes a picture"
    assert not re.search(r'value="instagram"[^>]* checked', html)
    assert "ada (simulated)" in html
    tomorrow = datetime.now(ZoneInfo("Asia/Tokyo")) + timedelta(days=1)
    given = await form(
        ada,
        platforms=["linkedin", "x"],
        tone_of_voice="dry",
        audience="brewers",
        language="pt-BR",
        keywords="tea, pots\nwater",
        target_length="90",
        quality_bar="85",
        max_rounds="2",
        style_sample_ids=[sample.json()["id"]],
        project_id=project.json()["id"],
        schedule_for=f"{tomorrow:%Y-%m-%dT09:30}",
        zone="Asia/Tokyo",
    )
    found = await started(ada, await ada.submit("/new", given))
    assert [each["platform"] for each in found["threads"]] == ["linkedin", "x"]
    assert found["options"] == {
        "tone_of_voice": "dry",
        "audience": "brewers",
        "language": "pt-BR",
        "quality_bar": 85,
        "max_rounds": 2,
        "target_length": 90,
        "keywords": ["tea", "pots", "water"],
        "style_sample_ids": [sample.json()["id"]],
    }
    assert found["project_id"] == project.json()["id"]
    due = datetime.fromisoformat(found["schedule_for"])
    assert due == tomorrow.replace(hour=9, minute=30, second=0, microsecond=0)
    again = await ada.submit("/new", given)
    assert (await started(ada, again))["id"] == found["id"]
    assert await count(ada) == 1


async def test_what_is_wrong_is_named_and_what_was_typed_stays(ada: Visitor) -> None:
    given = await form(
        ada,
        source="  ",
        platforms=[],
        audience="<b>tea</b> people",
        language="klingon!",
        quality_bar="101",
        max_rounds="many",
        schedule_for="soon",
    )
    answer = await ada.submit("/new", given)
    assert answer.status_code == 422
    found = errors(answer.text)
    assert set(found) == {"source", "platforms", "language", "quality_bar", "max_rounds", "schedule_for"}
    assert found["quality_bar"] == "Give a whole number from 0 to 100."
    assert 'value="&lt;b&gt;tea&lt;/b&gt; people"' in answer.text
    assert "checked" not in answer.text
    assert '<details class="card fold" open id="options"' in answer.text
    past = datetime.now(UTC) - timedelta(hours=1)
    given = await form(ada, schedule_for=f"{past:%Y-%m-%dT%H:%M}")
    later = await ada.submit("/new", given)
    assert set(errors(later.text)) == {"schedule_for"}
    assert "On tea" in later.text
    again = await ada.submit("/new", given)
    assert again.text == later.text, "sent twice, answered once"
    assert again.headers["content-security-policy"] == later.headers["content-security-policy"]
    assert await count(ada) == 0


async def test_templates_that_fit_and_their_fields(ada: Visitor) -> None:
    await ada.see("/new")
    several = await ada.swap("/new/template", {"platforms": ["x", "blog"]})
    assert "choose a single one" in several.text
    one = await ada.swap("/new/template", {"platforms": ["x"], "audience": "brewers"})
    names = {name: key for key, name in _TEMPLATE.findall(one.text)}
    assert set(names) == {"One idea", "Question and answer", "Thread"}
    given = {"platforms": ["x"], "template_id": names["One idea"], "audience": "brewers"}
    chosen = await ada.swap("/new/template", given)
    assert 'name="input.topic"' in chosen.text
    assert 'name="input.audience" type="text" value="brewers"' in chosen.text
    typed = await form(ada, **given, **{"source": "", "input.topic": "", "input.audience": "brewers"})
    missing = await ada.submit("/new", typed)
    assert missing.status_code == 422
    assert errors(missing.text) == {
        "input.topic": "The template needs this.",
        "input.tone_of_voice": "The template needs this.",
    }
    filled = await form(
        ada,
        **{**given, "source": "", "input.topic": "tea", "input.audience": "us", "input.tone_of_voice": "dry"},
    )
    found = await started(ada, await ada.submit("/new", filled))
    assert found["template_input"] == {"topic": "tea", "audience": "us", "tone_of_voice": "dry"}


async def test_what_a_text_is_taken_for(ada: Visitor) -> None:
    checked = await ada.swap("/new/check", await form(ada))
    assert '<dd dir="auto">On tea</dd>' in checked.text
    assert "9 words" in checked.text
    assert "Nothing: written offline" in checked.text
    assert "<html" not in checked.text
    half = await ada.swap("/new/check", await form(ada, platforms=[], max_rounds="0"))
    assert "9 words" in half.text, "half a form is understood as far as it goes"
    assert "Known when these are right: Platforms, Rounds" in half.text
    whole = await ada.submit("/new/check", await form(ada))
    assert "9 words" in whole.text
    assert 'id="new"' in whole.text, "without htmx it is the whole page, with what was typed"
    assert await count(ada) == 0


async def test_what_it_costs_and_what_the_budget_has_left(settings: Settings, db: Database) -> None:
    model = {"offline": False, "openai_base_url": "http://127.0.0.1:9/v1"}
    async with Room(create_app(settings.model_copy(update=model), database=db)) as room:
        ada = await room.person("ada")
        await ada.api.post("/v1/budgets", json={"period": "day", "limit_usd": "100"})
        typed = await form(ada, platforms=["x", "blog"], max_rounds="2")
        checked = (await ada.swap("/new/check", typed)).text
        assert re.search(r"\$0\.\d\d</strong> at most, .* up to 8 calls", checked)
        assert "$100.00" in checked
        assert "may not be enough" not in checked
        await ada.api.post("/v1/budgets", json={"period": "day", "limit_usd": "0.01"})
        assert "may not be enough" in (await ada.swap("/new/check", typed)).text
    unknown = settings.model_copy(update={**model, "writer_model": "my-own"})
    async with Room(create_app(unknown, database=db)) as room:
        checked = (await (bob := await room.person("bob")).swap("/new/check", await form(bob))).text
        assert "nobody has told this service the price" in checked


async def test_a_link_that_cannot_be_read_says_what_to_do(ada: Visitor) -> None:
    link = "http://127.0.0.1:9/article"
    checked = await ada.swap("/new/check", await form(ada, source=f"  {link} "))
    assert checked.status_code == 200
    assert "127.0.0.1 is not an address on the public internet" in checked.text
    assert "Copy the text and paste it here" in checked.text
    answer = await ada.submit("/new", await form(ada, source=link))
    assert answer.status_code == 422
    assert "source" in errors(answer.text)
    assert link in answer.text
    assert await count(ada) == 0


async def test_who_may_only_read_is_told_so(room: Room, ada: Visitor) -> None:
    for role in ("viewer", "reviewer"):
        colleague = await room.colleague(ada, role)
        html = await colleague.see("/new")
        assert f"You are {role} of this workspace" in html
        assert '<form id="new"' not in html
        assert (await colleague.submit("/new", {"source": TEXT, "platforms": ["x"]})).status_code == 403


async def test_a_platform_without_an_account_is_marked(ada: Visitor) -> None:
    for account in (await ada.api.get("/v1/accounts", params={"platform": "x"})).json()["items"]:
        await ada.api.delete(f"/v1/accounts/{account['id']}")
    html = await ada.see("/new")
    assert html.count("No account") == 2, "nor has the newsletter one here"
    assert 'href="/settings/accounts"' in html
    assert html.count(" checked") == 2


async def test_a_post_that_is_out_can_be_written_about(ada: Visitor, scene: Scene) -> None:
    post_id = uuid4()
    async with scene.db.service() as session:
        await session.execute(POST, {"id": post_id, "workspace_id": scene.principal.workspace_id})
    html = await ada.see(f"/new?post={post_id}")
    assert "About a post" in html
    assert '<dd dir="auto">On tea</dd>' in html
    given = await form(ada, source="", post_id=str(post_id), file_id="")
    await started(ada, await ada.submit("/new", given))
    row = await scene.row("SELECT source_post_id, source_content ->> 'title' AS title FROM workflows")
    assert (row["source_post_id"], row["title"]) == (post_id, "On tea")

    missing = await ada.see(f"/new?file={uuid4()}")
    assert "There is no such file." in missing
    refused = await ada.submit("/new", await form(ada, source="", post_id="", file_id=str(uuid4())))
    assert refused.status_code == 422
    assert "There is no such file." in refused.text


async def test_of_many_projects_and_templates_the_newest_are_offered_and_the_chosen(
    ada: Visitor, scene: Scene
) -> None:
    given = {"workspace_id": scene.principal.workspace_id}
    many = "FROM generate_series(1, 60) AS n"
    await scene.execute(
        "INSERT INTO projects (workspace_id, title, created_at)"
        f" SELECT :workspace_id, 'Project ' || n, now() - n * interval '1 day' {many}",
        **given,
    )
    await scene.execute(
        "INSERT INTO templates (workspace_id, name, type, prompt, created_at)"
        f" SELECT :workspace_id, 'Post ' || n, 'linkedin', 'On {{topic}}.', now() - n * interval '1 day' {many}",
        **given,
    )
    html = await ada.see("/new")
    assert re.findall(r">Project (\d+)</option>", html) == [str(number) for number in range(1, 51)]
    (project, template) = [
        (await scene.row(f"SELECT id FROM {table} WHERE {name} LIKE '% 60'"))["id"]
        for table, name in (("projects", "title"), ("templates", "name"))
    ]
    assert f"/new?project={project}" in await ada.see(f"/library/projects/{project}")
    shown = await ada.see(f"/new?project={project}&template={template}")
    assert re.findall(r" selected>((?:Project|Post) \d+)</option>", shown) == ["Post 60", "Project 60"]
    assert re.findall(r">Post (\d+)</option>", shown) == [str(number) for number in [*range(1, 51), 60]]
    assert 'name="input.topic"' in shown
    assert (
        "Post 60"
        in (await ada.swap("/new/template", {"platforms": ["linkedin"], "template_id": str(template)})).text
    )
    await ada.see(f"/new?template={uuid4()}", 404)
