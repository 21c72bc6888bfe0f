"""Templates, samples and rules of style as a browser without scripts uses them."""

from sqlalchemy import text

from core.db import Database
from tests.plugins.web import Room, link, went

PROPOSED = text("""
INSERT INTO style_rules (workspace_id, user_id, platform, kind, rule, before, after, edits)
VALUES (:workspace_id, :user_id, 'linkedin', 'closing_question', 'End without a question.',
    'We ship. Do yours?', 'We ship. ', 3)
""")


async def test_templates_are_copied_changed_and_deleted(room: Room) -> None:
    ada = await room.person()
    shown = await ada.see("/settings/templates")
    shipped = link(shown, "/settings/templates/[0-9a-f-]{36}")
    read_only = await ada.see(shipped)
    assert "came with Proofroom" in read_only
    assert "<textarea" not in read_only
    copy = await ada.see(link(read_only, r"/settings/templates/new\?copy_of=[^\"]+"))
    assert "(copy)" in copy
    given = {"name": "Mine", "type": "linkedin", "prompt": "On {topic} for {audience}"}
    went(await ada.submit("/settings/templates", given), "/settings/templates")
    shown = await ada.see("/settings/templates")
    assert "Asks for topic, audience" in shown
    mine = link(shown, "/settings/templates/[0-9a-f-]{36}")
    wrong = await ada.swap(mine, {**given, "prompt": "On {Topic}"})
    assert wrong.status_code == 422
    assert "{Topic} is no placeholder" in wrong.text
    went(await ada.submit(mine, {**given, "name": "Ours"}), "/settings/templates")
    assert 'value="Ours"' in await ada.see(mine)
    assert (await ada.submit(shipped, given)).status_code == 403
    assert "On why nobody tries their backups for people who run servers" in await ada.see(mine)
    typed = {"prompt": "On {topic}, {weather}", "sample.topic": "<tea>"}
    part = await ada.swap("/settings/templates/preview", typed)
    assert "On &lt;tea&gt;, {weather}" in part.text
    assert 'name="sample.weather"' in part.text
    assert "<html" not in part.text
    broken = await ada.swap("/settings/templates/preview", {"prompt": "On {Topic}"})
    assert (broken.status_code, "{Topic} is no placeholder" in broken.text) == (200, True)
    went(await ada.submit(f"{mine}/delete"), "/settings/templates")
    await ada.see(mine, 404)
    assert "Ours" not in await ada.see("/settings/templates")


async def test_rules_of_style_are_taken_on_changed_and_dropped(room: Room, db: Database) -> None:
    ada = await room.person()
    viewer = await room.colleague(ada, "viewer")
    assert "No rules yet" in await ada.see("/settings/style")
    async with db.service() as session:
        await session.execute(PROPOSED, {"workspace_id": ada.workspace_id, "user_id": ada.user_id})
    shown = await ada.see("/settings/style")
    assert "End without a question." in shown
    assert "<del>Do yours?</del>" in shown
    assert "LinkedIn · Everybody&#39;s drafts · seen in 3 of ten edits" in shown
    assert "<form" not in (await viewer.see("/settings/style")).partition("<main")[2]
    used = link(shown, "/settings/style/[0-9a-f-]{36}/use")
    one = used.removesuffix("/use")
    assert (await viewer.submit(used)).status_code == 403
    went(await ada.submit(used), "/settings/style")
    assert "End without" in await ada.see("/settings/style?status=active")
    assert "None of these." in await ada.see("/settings/style?status=proposed")
    given = {"rule": "Never end with a question.", "platform": "", "scope": "user"}
    went(await ada.submit(one, given), "/settings/style")
    shown = await ada.see("/settings/style")
    assert "All platforms · Drafts of whoever taught it" in shown
    assert "version 2" in shown
    assert "1: End without a question." in shown
    went(await ada.submit(f"{one}/drop"), "/settings/style")
    assert "Never end" in await ada.see("/settings/style?status=dropped")
    assert (await ada.submit("/settings/style", {**given, "rule": " "})).status_code == 422
    went(await ada.submit("/settings/style", {**given, "rule": "Say <tea>."}), "/settings/style")
    assert "Say &lt;tea&gt;." in await ada.see("/settings/style?status=active")


async def test_style_samples(room: Room) -> None:
    ada = await room.person()
    assert "No samples yet" in await ada.see("/settings/samples")
    given = {"title": "Voice", "content": "We ship on Fridays."}
    went(await ada.submit("/settings/samples", given), "/settings/samples")
    shown = await ada.see("/settings/samples")
    assert "4 words" in shown
    sample = link(shown, "/settings/samples/[0-9a-f-]{36}")
    await ada.submit(sample, {**given, "title": "Our <voice>"})
    assert 'value="Our &lt;voice&gt;"' in await ada.see(sample)
    kept = (await ada.api.get("/v1/resources")).json()["items"][0]
    assert (kept["type"], kept["metadata"]) == ("style_sample", {"title": "Our <voice>"})
    went(await ada.submit(f"{sample}/delete"), "/settings/samples")
    await ada.see(sample, 404)
