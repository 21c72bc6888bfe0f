"""From a sentence of a draft to the words of the source that it rests on, by keyboard and by pointer."""

import re

from playwright.async_api import expect

from agents.base import Beginning, Remark, Source
from tests.plugins.browser import Site, axe
from tests.plugins.scene import Scene

TEXT = "\n\n".join(
    ["Tea is brewed for 3 minutes."]
    + [f"Paragraph {number} says little, and says it at length. " * 12 for number in range(40)]
    + ["Coffee takes 4 minutes."]
)
SOURCE = Source(
    type="file",
    text=TEXT,
    title="Drinks",
    places=(
        Beginning(at=0, kind="page", label="1"),
        Beginning(at=TEXT.index("Coffee"), kind="page", label="12"),
    ),
)
CLAIM = "Water is blue and cold everywhere."
DRAFT = f"Tea is brewed for 3 minutes.\n\nCoffee takes 4 minutes. {CLAIM}"


async def test_a_sentence_leads_to_its_page(site: Site, scene: Scene) -> None:
    scene.words.claims = (Remark(quote=CLAIM, instruction="Remove the water."),)
    scene.words.texts = iter([DRAFT] * 3)

    (thread_id,) = await scene.start("blog", source=SOURCE)
    await scene.advance()
    page = await site.sign_in("ada")
    await page.goto(f"/reviews/{(await scene.review(thread_id))['id']}")
    first, second = (page.locator(f"#preview [data-ground='ground-{number}']") for number in (1, 2))
    shown = page.locator("#ground")
    await expect(shown).to_be_hidden()
    await expect(page.locator("mark[data-claim]")).to_have_text(CLAIM)
    await expect(page.locator("#preview")).to_contain_text("nothing in the source says this")

    await first.focus()
    await expect(shown).to_contain_text("Tea is brewed for 3 minutes.")
    await expect(shown).to_contain_text("page 1")
    await axe(page)
    await page.keyboard.press("ArrowRight")
    await expect(second).to_be_focused()
    await expect(shown).to_contain_text("page 12")
    await page.keyboard.press("Enter")
    passage = page.locator(".passage", has_text=re.compile(r"Coffee takes 4 minutes\.$"))
    await expect(passage).to_be_focused()
    await expect(passage).to_be_in_viewport()

    await first.hover()
    await expect(shown).to_contain_text("page 1")
    await shown.get_by_role("link", name="Show in the source").click()
    await expect(page.locator(".passage", has_text="Tea is brewed")).to_be_in_viewport()
    await axe(page)
