"""A reviewer gives a post its pictures, changes them and takes them away."""

import re
from html import unescape
from typing import Any

from tests.plugins.ledger import published
from tests.plugins.scene import Scene
from tests.plugins.web import Visitor


async def form(ada: Visitor, address: str) -> dict[str, Any]:
    html = await ada.see(address)
    seen, words = (
        re.search(pattern, html)
        for pattern in (
            r'name="seen_hash" value="(\w+)"',
            r"<textarea id=\"content\"[^>]*>\n(.*?)</textarea>",
        )
    )
    assert seen is not None
    assert words is not None
    return {"seen_hash": seen[1], "content": unescape(words[1]), "when": "proposed", "zone": "UTC"}


def pictures(html: str) -> list[str]:
    return re.findall(r'name="media_url"[^>]* value="([^"]*)"', html)


async def test_a_post_gets_its_picture_from_its_reviewer(ada: Visitor, scene: Scene) -> None:
    (thread_id,) = await scene.start("instagram")
    await scene.advance()
    address = f"/reviews/{(await scene.review(thread_id))['id']}"
    html = await ada.see(address)
    assert "There is no picture" in html
    assert "No picture yet" in html
    assert pictures(html) == [""], "a row for the first one"

    one, two = (f"{scene.settings.simulator_url}/sample.jpg?width={width}" for width in (900, 1000))
    first = await form(ada, address)
    seen = await ada.submit(f"{address}/measure", {**first, "media_url": one, "alt_text": "A light"})
    assert f'<img src="{one}" alt="A light"' in seen.text
    bad = await ada.submit(
        f"{address}/decision",
        {**first, "decision": "edit", "media_url": "pictures/one.jpg", "alt_text": "A light"},
    )
    assert bad.status_code == 422
    assert "none of the web" in bad.text
    unkept = await ada.submit(
        f"{address}/decision",
        {**first, "decision": "revise", "media_url": [one, two], "alt_text": ["A\0", "Two"]},
    )
    assert (unkept.status_code, "cannot be stored" in unkept.text) == (422, True)
    kept = await ada.submit(
        f"{address}/decision",
        {**first, "decision": "revise", "media_url": [one, two], "alt_text": ["A light", "Two"]},
    )
    assert kept.status_code == 303
    await scene.advance()

    address = f"/reviews/{(await scene.review(thread_id))['id']}"
    again = await form(ada, address)
    assert pictures(await ada.see(address)) == [one, two, ""]
    fields = {"decision": "edit", "media_url": ["", two], "alt_text": ["A light", "Two"]}
    assert (await ada.submit(f"{address}/decision", {**again, **fields})).status_code == 303
    await scene.advance()
    (post,) = await published(scene, "instagram")
    assert [picture["url"] for picture in post["pictures"]] == [two]
