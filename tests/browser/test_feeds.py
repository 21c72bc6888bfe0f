"""Feeds in a browser: looked at, followed and started by keyboard, and on a phone."""

import pytest
from playwright.async_api import expect

from core.settings import Settings
from tests.plugins.browser import Site, axe
from tests.plugins.feed_site import FeedSite


@pytest.fixture
def settings(settings: Settings, feed_site: FeedSite) -> Settings:
    return settings.model_copy(update={"allow_private": [feed_site.peer]})


async def test_a_feed_is_followed_by_keyboard_on_a_phone(site: Site, feed_site: FeedSite) -> None:
    feed_site.publish("Green tea", "A-title-that-has-no-space-" + "at-all-" * 20)
    page = await site.sign_in("ada", width=360, height=740)
    await page.goto("/library/feeds")
    await axe(page)
    await page.get_by_label("Address").fill(feed_site.url())
    await page.keyboard.press("Enter")
    await page.get_by_role("checkbox", name="X", exact=True).press("Space")
    await axe(page)
    await page.get_by_role("button", name="Follow this feed").press("Enter")
    await expect(page.get_by_role("heading", name="On tea", level=1)).to_be_visible()
    await axe(page)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
    await page.get_by_text("Change the rule").press("Enter")
    await axe(page)
    await page.get_by_role("button", name="Start Green tea").press("Enter")
    await page.wait_for_url("**/workflows/*")
    await page.goto("/library/feeds")
    await page.get_by_role("link", name="On tea").click()
    await expect(page.get_by_role("link", name="Open the workflow about Green tea")).to_be_visible()
