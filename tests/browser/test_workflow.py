"""From a pasted text to drafts, in a browser: the form, and the workflow as it happens."""

import re

from playwright.async_api import Page, expect

from tests.plugins.browser import Site, axe
from tests.plugins.scene import Scene

TEXT = "# On tea\n\nTea is brewed for four minutes. Our survey asked 412 people, and 388 of them forgot it."
LIVE = "Tea is brewed"


async def fits(page: Page) -> None:
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


async def kept(page: Page) -> int:
    found: int = await page.evaluate(
        "Object.keys(localStorage).filter((name) => name.startsWith('proofroom-new')).length"
    )
    return found


async def test_a_text_becomes_drafts_before_ones_eyes(site: Site, scene: Scene) -> None:
    page = await site.sign_in("ada", timezone_id="Asia/Tokyo")
    await page.goto("/new")
    await expect(page.get_by_text("In the time zone Asia/Tokyo")).to_be_attached()
    await page.get_by_label("What is it about?").fill(TEXT)
    panel = page.get_by_role("region", name="What was understood")
    await expect(panel).to_contain_text("20 words")
    await page.get_by_label("LinkedIn").uncheck()
    await page.get_by_label("The blog").uncheck()
    await page.get_by_label("Instagram").uncheck()
    await page.get_by_label("Template").select_option("One idea")
    await page.get_by_label("Topic").fill("tea")
    await page.reload()
    await expect(page.get_by_label("Topic")).to_have_value("tea")
    await expect(page.get_by_label("What is it about?")).to_have_value(TEXT)
    await expect(page.get_by_label("LinkedIn")).not_to_be_checked()
    await axe(page)
    await page.get_by_label("Template").select_option("None")
    await expect(page.get_by_label("Topic")).to_have_count(0)
    await page.get_by_role("button", name="Start writing").dblclick()
    await expect(page).to_have_url(re.compile(r"/workflows/[0-9a-f-]{36}$"))
    assert await kept(page) == 0
    (state,) = await scene.rows("SELECT id, workflow_id FROM platform_states")

    thread = page.get_by_role("region", name="X")
    await expect(thread.get_by_role("status")).to_have_text("Being written")
    await expect(thread.get_by_text("● Write")).to_be_visible()
    piece = '{"workflow_id": "%s", "thread_id": "%s", "platform": "x", "sequence": 0, "text": "%s"}'
    await scene.execute(
        "SELECT pg_notify('proofroom_deltas', :piece)",
        piece=piece % (state["workflow_id"], state["id"], LIVE),
    )
    await expect(thread.get_by_text(LIVE)).to_be_visible()
    await page.get_by_text("Everything that happened").click()
    await scene.advance()
    await expect(thread.get_by_role("status")).to_have_text("Waits for a decision")
    await expect(thread.get_by_text("● Review")).to_be_visible()
    await expect(thread.get_by_text("Being written now")).to_be_hidden()
    await expect(page.get_by_text("a review was asked for")).to_be_hidden()  # what was closed stays closed
    await expect(thread.get_by_role("link", name="Decide")).to_have_attribute(
        "href", re.compile("^/reviews/")
    )
    await axe(page)
    await expect(page.locator("#waiting")).to_contain_text("1")

    site.allow("ERR_INTERNET_DISCONNECTED|htmx:sendError")
    await page.context.set_offline(True)
    await expect(page.get_by_text("The connection is lost")).to_be_visible()
    await scene.accept(state["id"])
    await scene.advance()
    await page.context.set_offline(False)
    await expect(thread.get_by_role("status")).to_have_text("Published")
    await expect(thread.get_by_role("link", name="Receipt")).to_be_visible()


async def test_a_phone_in_the_dark_and_a_change_of_mind(site: Site, scene: Scene) -> None:
    page = await site.sign_in("ada", width=360, height=740, color_scheme="dark")
    (linkedin, _) = await scene.start(
        "linkedin", "x", text="\u0645\u0631\u062d\u0628\u0627 " * 60 + "w" * 300
    )
    await scene.advance()
    for path in ("/new", "/workflows", f"/workflows/{(await scene.state(linkedin))['workflow_id']}"):
        await page.goto(path)
        await fits(page)
        await axe(page)
    await scene.start("blog", text="Another one")
    await page.goto("/workflows")
    await expect(page.get_by_role("link", name="Another one")).to_be_visible()
    await scene.advance()
    await expect(
        page.get_by_role("listitem").filter(has_text="Another one").get_by_text("Being written")
    ).to_have_count(0)
    await page.goto(f"/workflows/{(await scene.state(linkedin))['workflow_id']}")
    await page.get_by_text("Open in LangGraph Studio").first.click()
    await fits(page)
    await page.get_by_role("link", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel all of it?")
    await axe(page)
    await dialog.get_by_role("button", name="Cancel all of it").click()
    await expect(page.get_by_role("region", name="LinkedIn").get_by_role("status")).to_have_text("Cancelled")


async def test_without_scripts_a_text_is_checked_and_started(site: Site, scene: Scene) -> None:
    page = await site.sign_in("ada", java_script_enabled=False)
    await page.goto("/new")
    await page.get_by_label("What is it about?").fill(TEXT)
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_role("region", name="What was understood")).to_contain_text("20 words")
    await page.get_by_role("button", name="Start writing").click()
    await expect(page.get_by_role("heading", name="On tea")).to_be_visible()
    await scene.advance()
    await page.get_by_role("link", name="Refresh").click()
    await expect(page.get_by_role("link", name="Decide")).to_have_count(3)
