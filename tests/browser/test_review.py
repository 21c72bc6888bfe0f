"""A review in a browser: decided by keyboard alone, by two people at once, and with the connection lost."""

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from graphs.interrupts import Decision
from tests.plugins.browser import Site, axe
from tests.plugins.scene import Scene

if TYPE_CHECKING:
    from uuid import UUID

HOSTILE = (
    "# مرحبا 👩‍👩‍👧‍👦 <script>window.ran = 1</script>\n\n<img src=x onerror='window.ran = 1'> "
    '[click](javascript:window.ran=1) ![](javascript:window.ran=1) <svg onload="window.ran = 1"></svg>'
)


async def wait(scene: Scene, *platforms: str, texts: tuple[str, ...]) -> "list[tuple[UUID, str]]":
    """Threads with the address of the review that waits in each."""
    scene.words.texts = iter(texts)
    threads = await scene.start(*platforms)
    await scene.advance()
    return [(thread_id, f"/reviews/{(await scene.review(thread_id))['id']}") for thread_id in threads]


async def test_decided_by_keyboard_alone(site: Site, scene: Scene) -> None:
    texts = ("First words.", "Second words.\n\n" + "Long enough to fold. " * 15, HOSTILE)
    (_, x), (_, linkedin), (_, blog) = await wait(scene, "x", "linkedin", "blog", texts=texts)
    page = await site.sign_in("ada")
    await page.goto(x)
    words = page.get_by_label("Text", exact=True)
    await page.keyboard.press("e")
    await expect(words).to_be_focused()
    await axe(page)
    await words.fill("far too long " * 30)
    await expect(page.locator("#measured")).to_contain_text("Shorten the text by 110.")
    await expect(page.locator("#preview")).to_contain_text("110 too many")
    await expect(page.get_by_role("button", name="Accept")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(words).to_be_hidden()

    await page.reload()
    await expect(page.locator("#unsent")).to_contain_text("Your unsent edit from")
    await expect(words).to_have_value("far too long " * 30)
    await page.get_by_role("button", name="Drop it").click()
    await expect(words).to_have_value("First words.")
    await expect(page.locator("#preview")).to_contain_text("First words.")
    await words.press("Escape")
    await page.keyboard.press("a")
    await expect(page).to_have_url(re.compile(linkedin))
    await expect(page.locator("#notices")).to_contain_text("Accepted. 2 left.")

    await page.set_viewport_size({"width": 360, "height": 740})
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator(".folded")).to_be_hidden()
    await page.locator("summary", has_text="…see more").press("Enter")
    await expect(page.locator(".folded")).to_be_visible()
    await axe(page)
    await page.keyboard.press("r")
    what = page.get_by_label("What should be different?")
    await expect(what).to_be_focused()
    await axe(page)
    await page.keyboard.type("Shorter, please. ")
    await page.keyboard.press("Escape")
    await expect(what).to_be_hidden()
    await page.keyboard.press("r")
    await page.keyboard.type("And warmer.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(blog))

    await expect(page.locator(".article-text")).to_contain_text("window.ran = 1")
    await axe(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert await page.evaluate("window.ran") is None
    await page.keyboard.press("x")
    await page.keyboard.type("No.")
    await page.get_by_role("dialog").or_(page.locator("#reject")).get_by_role("button", name="Reject").click()
    await expect(page).to_have_url(re.compile("/inbox$"))
    (kept,) = await scene.rows("SELECT comment FROM reviews WHERE decision = 'regenerate'")
    assert kept["comment"] == "Shorter, please. And warmer."


async def test_two_reviewers_at_once(site: Site, scene: Scene) -> None:
    ((thread_id, address),) = await wait(scene, "x", texts=("The words of before.",))
    ada = await site.sign_in("ada")
    grace = await site.sign_in(await site.api.member(await site.user("ada"), "reviewer"))
    await ada.goto(address)
    await grace.goto(address)
    await expect(ada.locator("#viewers")).to_contain_text("looking at this too")
    await grace.keyboard.press("e")
    words = grace.get_by_label("Text", exact=True)
    await words.fill("The words of before, and mine.")

    await ada.keyboard.press("a")
    await expect(ada).to_have_url(re.compile("/inbox"))
    banner = grace.locator("#overtaken")
    await expect(banner).to_contain_text("ada accepted it")
    await expect(banner.locator("del")).to_have_text(", and mine")
    await expect(grace.get_by_role("button", name="Accept")).to_be_disabled()
    await expect(grace.get_by_role("button", name="Save and approve")).to_be_disabled()
    await expect(grace.locator("[data-reason]")).to_contain_text("decided it already")
    await expect(words).to_have_value("The words of before, and mine.")
    await axe(grace)
    await grace.reload()
    await expect(grace.get_by_label("not sent")).to_have_value("The words of before, and mine.")
    assert (await scene.state(thread_id))["status"] == "accepted"


async def test_a_lost_connection_and_an_old_tab(site: Site, scene: Scene) -> None:
    ((thread_id, address),) = await wait(scene, "x", texts=("The words of before.",))
    site.allow("ERR_INTERNET_DISCONNECTED|/events|htmx:sendError")
    page = await site.sign_in("ada")
    await page.route("**/events?*", lambda route: route.abort())  # a tab that sleeps is told of nothing
    await page.goto(address)
    await page.keyboard.press("e")
    words = page.get_by_label("Text", exact=True)
    await page.context.set_offline(True)
    await words.fill("Typed while the line was dead.")
    await page.get_by_role("button", name="Save and approve").click()
    await expect(page.locator("#not-sent")).to_contain_text("What you typed is kept")
    await expect(words).to_have_value("Typed while the line was dead.")

    await scene.decide(thread_id, Decision(decision="regenerate", feedback="Warmer."))
    scene.words.texts = iter(["The words of now."])
    while await scene.advance():
        pass
    site.allow("status of 409|Status Error Code 409")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Save and approve").click()
    banner = page.get_by_role("alert").filter(has_text="asked for a new draft")
    await expect(banner).to_contain_text("Your decision was not carried out")
    await banner.get_by_role("button", name="Take it over into the new draft").click()
    await expect(words).to_have_value("Typed while the line was dead.")
    await page.get_by_role("button", name="Save and approve").click()
    await expect(page).to_have_url(re.compile("/inbox"))
    (kept,) = await scene.rows("SELECT edited FROM reviews WHERE decision = 'edit'")
    assert kept["edited"]["content"] == "Typed while the line was dead."
    assert (
        await page.evaluate("Object.keys(localStorage).filter((name) => name.includes('unsent')).length") == 1
    )


async def test_30_000_words_open(site: Site, scene: Scene) -> None:
    text = "\n\n".join(f"## Part {number}\n\n" + "many words of it " * 75 for number in range(100))
    ((_, address),) = await wait(scene, "blog", texts=(text,))
    page = await site.sign_in("ada")
    await page.goto(address)
    await expect(page.get_by_role("heading", name="Part 99")).to_be_attached()
    await page.keyboard.press("e")
    await expect(page.get_by_label("Text", exact=True)).to_be_focused()
    timing = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    assert await page.evaluate(timing) < 3000
