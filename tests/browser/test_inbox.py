"""The inbox in a browser: by keyboard alone, live with two people at work, and with 200 that wait."""

from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.plugins.browser import Site, axe
from tests.plugins.scene import Scene

if TYPE_CHECKING:
    from uuid import UUID

    from playwright.async_api import Locator, Page


async def wait_for_review(scene: Scene, text: str, platform: str = "x") -> "UUID":
    """The thread of a new one with this text."""
    scene.words.texts = iter([text])
    (thread_id,) = await scene.start(platform)
    await scene.advance()
    return thread_id


def row(page: "Page", text: str) -> "Locator":
    return page.get_by_role("listitem").filter(has_text=text)


def link(page: "Page", text: str) -> "Locator":
    return page.locator(".item-link", has_text=text)


async def test_the_inbox_by_keyboard(site: Site, scene: Scene) -> None:
    for text in ("First words.", "Second words.", "Third words."):
        await wait_for_review(scene, text)
    page = await site.sign_in("ada")
    await page.goto("/inbox")
    await expect(page).to_have_title("(3) Inbox · Proofroom")
    await axe(page)

    for key, text in (("j", "First"), ("j", "Second"), ("j", "Third"), ("j", "Third"), ("k", "Second")):
        await page.keyboard.press(key)
        await expect(link(page, text)).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Ask for another draft")
    await axe(page)
    await page.keyboard.press("Escape")
    await expect(link(page, "Second")).to_be_focused()

    await page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Accept this post?")
    await expect(dialog).to_contain_text("Second words.")
    await axe(page)
    await page.keyboard.press("j")
    await page.keyboard.press("Escape")
    await expect(row(page, "Second")).to_be_visible()
    await page.keyboard.press("a")
    await expect(dialog.get_by_role("button", name="Accept")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#notices")).to_contain_text("1 post accepted.")
    await expect(row(page, "Second")).to_have_count(0)
    await expect(link(page, "Third")).to_be_focused()
    await expect(page).to_have_title("(2) Inbox · Proofroom")
    await expect(page.locator("#waiting")).to_contain_text("2")

    await page.keyboard.press("s")
    await expect(page.get_by_label("For", exact=True).last).to_be_focused()
    await axe(page)
    await page.keyboard.press("m")
    site.allow("422")
    await page.get_by_label("By this time").check()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Give a day and a time.")
    await page.get_by_label("Date and time").fill("2040-05-01T09:00")
    await expect(page.get_by_label("By this time")).to_be_checked()
    await page.keyboard.press("Enter")
    await expect(row(page, "Third")).to_contain_text("Due in")
    await expect(page.locator(".item").first).to_contain_text("Third")

    await page.keyboard.press("/")
    await page.keyboard.type("aej first")
    await expect(page.get_by_text("Nothing that waits fits these filters.")).to_be_visible()
    await page.get_by_label("Search").fill("first")
    await expect(page.locator(".item")).to_have_count(1)
    await expect(page).to_have_url(f"{site.url}/inbox?q=first")
    await page.get_by_role("link", name="Clear filters").click()
    await expect(page.locator(".item")).to_have_count(2)

    await page.set_viewport_size({"width": 360, "height": 740})
    await axe(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.keyboard.press("j")
    await page.keyboard.press("e")
    await page.wait_for_url("**/reviews/*#edit")


async def test_what_others_do_is_seen_at_once(site: Site, scene: Scene) -> None:
    threads = [await wait_for_review(scene, f"Post {number} of many.") for number in range(1, 31)]
    ada = await site.user("ada")
    grace = await site.api.member(ada, "reviewer")
    page = await site.sign_in("ada")
    await page.goto("/inbox")
    await row(page, "Post 20 of").get_by_role("checkbox").check()
    await link(page, "Post 25 of").focus()
    place = await page.evaluate("document.activeElement.getBoundingClientRect().top")
    top = await page.evaluate("scrollY")
    assert top > 0

    await scene.accept(threads[1])
    await wait_for_review(scene, "The news.")
    await expect(row(page, "The news.")).to_have_count(1)
    await expect(row(page, "Post 2 of")).to_have_count(0)
    await expect(page).to_have_title("(30) Inbox · Proofroom")
    await expect(link(page, "Post 25 of")).to_be_focused()
    await expect(row(page, "Post 20 of").get_by_role("checkbox")).to_be_checked()
    assert await page.evaluate("document.activeElement.getBoundingClientRect().top") == place
    assert await page.evaluate("scrollY") < top, "a row above has gone"

    looked_at = (await scene.review(threads[24]))["id"]
    assert (await grace.put(f"/v1/reviews/{looked_at}/presence")).status_code == 204
    await expect(row(page, "Post 25 of")).to_contain_text(f"{grace.username} is looking")
    await grace.delete(f"/v1/reviews/{looked_at}/presence")
    await expect(row(page, "Post 25 of")).not_to_contain_text("is looking")

    await row(page, "Post 21 of").get_by_role("checkbox").check()
    await page.keyboard.press("Shift+A")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Accept these 2 posts?")
    await axe(page)
    review = await scene.review(threads[20])
    decision = {"decision": "reject", "seen_hash": review["seen_hash"]}
    assert (await grace.post(f"/v1/reviews/{review['id']}/decision", json=decision)).status_code == 202
    await dialog.get_by_role("button", name="Accept 2").click()
    await expect(dialog).to_contain_text("1 post accepted.")
    await expect(dialog).to_contain_text(f"{grace.username} decided reject")
    await dialog.get_by_role("link", name="Close").click()
    await expect(page.locator(".item")).to_have_count(28)
    await expect(page.locator("#selection")).to_be_hidden()


async def test_two_hundred_wait(site: Site, scene: Scene) -> None:
    await wait_for_review(scene, "Once more.")
    columns = "workspace_id, thread_id, draft_id, platform, seen_hash, connected_account_id"
    await scene.execute(
        f"INSERT INTO reviews ({columns}, interrupt_id)"
        f" SELECT {columns}, 'copy-' || n FROM reviews, generate_series(1, 199) n"
    )
    page = await site.sign_in("ada", width=360, height=740, color_scheme="dark")
    await page.goto("/inbox")
    for shown in (50, 100, 150):
        await expect(page.locator(".item")).to_have_count(shown)
        await page.get_by_role("link", name="Show more").click()
    await expect(page.locator(".item")).to_have_count(200)
    await expect(page.get_by_role("link", name="Show more")).to_have_count(0)
    await expect(page).to_have_url(f"{site.url}/inbox?limit=200")
    await page.get_by_label("Select all").check()
    await expect(page.get_by_role("button", name="At most 100 at once").first).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Select all")).not_to_be_checked()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await axe(page)
