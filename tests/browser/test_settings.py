"""The settings in a browser: dialogs, what is shown once, the chart, small windows, no scripts."""

import re
from datetime import UTC, datetime

from playwright.async_api import Page, expect
from sqlalchemy import text

from core.db import Database
from tests.plugins.api import PASSWORD
from tests.plugins.browser import Site, axe

TABS = ("profile", "workspace", "accounts", "templates", "samples", "style", "budgets", "keys", "webhooks")
SPENT = text("""
INSERT INTO token_usage (workspace_id, service, model, cost_usd, status, created_at)
SELECT :workspace_id, 'writer', model, cost, 'completed', now() - days * interval '1 day'
FROM generate_series(0, 3) days, (VALUES ('m-small', 0.25), ('m-large', 1.5)) models (model, cost)
""")
PROPOSED = text("""
INSERT INTO style_rules (workspace_id, platform, kind, rule, before, after, edits)
VALUES (:workspace_id, 'linkedin', 'closing_question', 'End without a question.', 'We ship. Do yours?', 'We ship.', 3)
""")


async def fits(page: Page) -> None:
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


async def test_every_tab_is_accessible_and_fits_a_phone(site: Site, db: Database) -> None:
    ada = await site.user("ada")
    async with db.service() as session:
        await session.execute(PROPOSED, {"workspace_id": ada.workspace_id})
    page = await site.sign_in("ada", width=360, height=740, color_scheme="dark")
    for tab in (*TABS, "templates/new"):
        await page.goto(f"/settings/{tab}")
        await axe(page)
        await fits(page)


async def test_a_key_and_an_invitation_are_copied_and_revoked(site: Site) -> None:
    page = await site.sign_in("ada", permissions=["clipboard-read", "clipboard-write"])
    await page.goto("/settings/keys")
    await page.get_by_role("textbox", name="Name").fill("bot")
    await page.get_by_role("button", name="Make the key").click()
    await page.get_by_role("button", name="Copy").click()
    secret = await page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"prk_[\w-]+", secret)
    await page.get_by_role("link", name="Revoke").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Revoke bot?")
    await axe(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.get_by_role("link", name="Revoke").click()
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(page.locator("#notices")).to_contain_text("The key no longer works.")

    await page.goto("/settings/workspace")
    await page.get_by_role("button", name="Make an invitation").click()
    await expect(page.get_by_role("button", name="Withdraw")).to_have_count(1)
    await expect(page.locator("#secret")).to_contain_text("/register?invitation=")
    await page.goto("/settings/webhooks")
    await page.get_by_label("Address").fill("https://93.184.215.14/hook")
    await page.get_by_role("button", name="Make the webhook").click()
    first = await page.locator("#secret").inner_text()
    await page.get_by_role("button", name="New secret").click()
    await expect(page.locator("#secret")).not_to_have_text(first)
    await expect(page.get_by_role("link", name="https://93.184.215.14/hook")).to_be_visible()

    site.allow("422")
    await page.goto("/settings/profile")
    await page.get_by_label("Current password").fill("wrong password")
    await page.get_by_label("New password").fill("staple my own tea")
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_role("alert")).to_contain_text("The current password is wrong")
    await expect(page.get_by_label("New password")).to_have_value("staple my own tea")
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.locator("#notices")).to_contain_text("Your password is changed")


async def test_spending_is_drawn_and_told(site: Site, db: Database) -> None:
    ada = await site.user("ada")
    async with db.service() as session:
        await session.execute(SPENT, {"workspace_id": ada.workspace_id})
    page = await site.sign_in("ada")
    await page.goto("/settings/budgets")
    await expect(page.locator(".chart canvas")).to_be_visible()
    await expect(page.locator(".chart .u-legend")).to_contain_text("m-large")
    light = await page.locator(".chart canvas").evaluate("canvas => canvas.toDataURL()")
    await page.locator("[data-menu] summary").click()
    await page.get_by_role("button", name="Light or dark").click()
    dark = await page.locator(".chart canvas").evaluate("canvas => canvas.toDataURL()")
    assert light != dark, "it is drawn again in the other colours"
    await page.get_by_text("Day by day").click()
    today = f"{datetime.now(UTC):%-d %b}"
    await expect(page.get_by_role("row", name=re.compile(f"{today} writer m-large"))).to_contain_text("$1.50")
    await axe(page)


async def test_a_dialog_is_part_of_the_page_where_scripts_are_off(site: Site) -> None:
    ada = await site.user("ada")
    project = (await ada.post("/v1/projects", json={"title": "Spring"})).json()
    page = await site.sign_in("ada", java_script_enabled=False)
    await page.goto(f"/library/projects/{project['id']}")
    button = page.get_by_role("button", name="Delete", exact=True)
    await expect(button).to_be_hidden()
    await page.get_by_role("link", name="Delete").click()
    await button.click()
    await expect(page.get_by_text("The project is deleted")).to_be_visible()
    assert (await ada.get("/v1/projects")).json()["items"] == []


async def test_a_template_is_previewed_as_it_is_typed(site: Site) -> None:
    page = await site.sign_in("ada")
    await page.goto("/settings/templates/new")
    await page.get_by_label("Prompt").fill("On {topic} in {place}")
    await page.get_by_label("place").fill("Kyoto")
    await expect(page.locator("#filled")).to_have_text("On why nobody tries their backups in Kyoto")
    await page.get_by_label("Prompt").fill("In {place}")
    await expect(page.locator("#filled")).to_have_text("In Kyoto")
