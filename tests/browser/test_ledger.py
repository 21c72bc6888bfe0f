"""The ledger, what is published and the receipts in a browser: live, by keyboard, on a phone."""

import re

from playwright.async_api import expect

from services.delivery import posts
from tests.plugins.browser import Site, axe
from tests.plugins.tenant import Tenant


async def test_the_ledger_is_live_and_leaves_an_open_dialog_alone(site: Site, tenant: Tenant) -> None:
    page = await site.sign_in(tenant.owner)
    await page.goto("/ledger")
    await axe(page)
    attention = page.get_by_role("region", name="Needs you")
    coming = page.get_by_role("region", name="Goes out by itself")
    unknown, scheduled = await tenant.job("unknown"), await tenant.job("scheduled")
    await expect(coming.locator(f"#job-{scheduled['id']}")).to_be_visible()
    await attention.get_by_role("link", name="It is out", exact=True).focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="It is out?")
    await dialog.get_by_label("Address of the post").fill("https://blog.example.com/shipped/")
    await axe(page)

    await tenant.owner.post(f"/v1/publishing-jobs/{scheduled['id']}/cancel")
    await tenant.scene.advance()
    await expect(dialog.get_by_label("Address of the post")).to_have_value(
        "https://blog.example.com/shipped/"
    )
    await expect(coming.locator(f"#job-{scheduled['id']}")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("region", name="Done").locator(f"#job-{scheduled['id']}")).to_be_visible()

    await attention.get_by_role("link", name="It is out", exact=True).click()
    await dialog.get_by_label("Address of the post").fill("https://blog.example.com/shipped/")
    await dialog.get_by_role("button", name="It is out").click()
    await expect(page.locator("#notices")).to_contain_text("it counts as published")
    while await tenant.scene.advance():
        pass
    done = page.get_by_role("region", name="Done")
    await expect(
        done.locator(f"#job-{unknown['id']}").get_by_role("link", name="open the post")
    ).to_be_visible()


async def test_a_post_is_found_and_taken_down_before_ones_eyes(site: Site, tenant: Tenant) -> None:
    page = await site.sign_in(tenant.owner)
    await page.goto("/published")
    await axe(page)
    await page.get_by_label("Search").fill("zeppelin")
    await expect(page.get_by_text("No post has these words.")).to_be_visible()
    await page.get_by_label("Search").fill("shipped")
    await page.get_by_label("Platform").select_option("X")
    await page.get_by_role("link", name=re.compile("says: We have shipped")).click()
    await axe(page)
    await page.get_by_text("What the platform answered").click()
    await page.get_by_role("link", name="Take it down").click()
    await page.get_by_role("dialog").get_by_role("button", name="Take it down").click()
    await expect(page.get_by_role("status")).to_contain_text(["being taken down"])
    post_id = page.url.rpartition("/")[2]
    row = await tenant.scene.row("SELECT id FROM posts WHERE id = :id", id=post_id)
    await posts.take_down(tenant.scene.runtime, tenant.owner.workspace_id, row["id"])
    await expect(page.get_by_text("X has taken it down.")).to_be_visible()


async def test_all_of_it_fits_a_phone(site: Site, tenant: Tenant) -> None:
    page = await site.sign_in(tenant.owner, width=360, height=740, color_scheme="dark")
    job = await tenant.job("published")
    post = await tenant.scene.row("SELECT id FROM posts WHERE publishing_job_id = :id", id=job["id"])
    for path in ("/calendar", "/ledger", f"/ledger/{job['id']}", "/published", f"/published/{post['id']}"):
        await page.goto(path)
        await axe(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
