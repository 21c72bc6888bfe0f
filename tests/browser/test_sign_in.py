"""In and out, with hands and eyes; tests/web/test_sign_in.py has what goes over the wire."""

import re
from collections.abc import Iterator

from playwright.async_api import Response, expect

from services.access import sessions
from tests.plugins.api import PASSWORD
from tests.plugins.browser import Site, axe


async def test_in_by_keyboard_and_out_by_the_menu(site: Site) -> None:
    await site.user("ada")
    page = await site.visitor(width=360, height=740, color_scheme="dark")
    policies: set[str | None] = set()
    page.on("response", lambda answer: policies.update(_policy(answer)))

    await page.goto("/inbox?platform=x")
    await expect(page.get_by_label("Username")).to_be_focused()
    await axe(page)
    site.allow("status of 401")
    await page.keyboard.type("ada")
    await page.keyboard.press("Tab")
    await page.keyboard.type("not her password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Wrong name or password")
    await expect(page.get_by_label("Username")).to_have_value("ada")
    await axe(page)

    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/inbox?platform=x")
    (kept,) = [each for each in await page.context.cookies() if each.get("name") == "proofroom_session"]
    assert (kept.get("httpOnly"), kept.get("sameSite")) == (True, "Lax")
    assert "proofroom_session" not in await page.evaluate("document.cookie")

    await page.locator("summary", has_text="ada").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You are signed out.")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    (policy,) = policies
    assert "script-src 'self'; style-src 'self'" in str(policy)


async def test_without_javascript_by_link_and_by_registration(site: Site) -> None:
    user = await site.user("ada")
    async with site.api.app.state.db.tenant(user.workspace_id, user.user_id) as session:
        link = await sessions.make_link(session, user.user_id)
    page = await site.visitor(java_script_enabled=False)
    await page.goto(f"/auth/link/{link}")
    await expect(page).to_have_url(f"{site.url}/inbox")
    await page.locator("summary", has_text="ada").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You are signed out.")).to_be_visible()

    site.allow("status of 404")
    await page.goto(f"/auth/link/{link}")
    await expect(page.get_by_role("alert")).to_contain_text("The link does not work")

    await page.get_by_role("link", name="Make an account").click()
    await page.get_by_label("Username").fill("grace")
    await page.get_by_label("E-mail address").fill("grace@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    await expect(page).to_have_url(re.compile("/inbox$"))
    await expect(page.locator("summary", has_text="grace")).to_be_visible()


async def test_nothing_foreign_runs_and_none_of_it_goes_unnoticed(site: Site) -> None:
    """What all the other tests lean on."""
    page = await site.visitor()
    await page.goto("/register")
    await axe(page)
    assert site.complaints() == []
    async with page.context.expect_event("weberror"), page.expect_event("requestfailed"):
        await page.evaluate(
            """() => {
                const script = Object.assign(document.createElement("script"), { textContent: "window.ran = 1" });
                document.body.append(script);
                const hostile = `<img src="https://example.com/" onerror="window.ran = 1"><p style="color: red">`;
                document.body.insertAdjacentHTML("beforeend", hostile);
                setTimeout(() => { throw new Error("uncaught") });
            }"""
        )
    seen = (
        "script-src 'self'",
        "style-src 'self'",
        "left this machine: https://example.com/",
        "uncaught: Error: uncaught",
    )
    for each in seen:
        assert any(each in complaint for complaint in site.complaints()), each
    assert await page.evaluate("window.ran") is None
    site.allow("")


def _policy(answer: Response) -> Iterator[str | None]:
    """Of each page, and of nothing else."""
    if answer.request.is_navigation_request() and not 300 <= answer.status < 400:
        yield answer.headers.get("content-security-policy")
