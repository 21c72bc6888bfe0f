"""From a file that is dropped to its pages, its minutes and a brief about it, with a worker at work."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import expect

from core.settings import Settings
from tests.plugins.browser import Site, axe
from tests.plugins.documents import pdf
from tests.plugins.transcription import Record, TranscriptionServer

SAID = ("Good morning to you all.", "The build fell from 40 to 9 seconds in one week.")
# One red pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)
BYTES = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def settings(settings: Settings, transcription_server: TranscriptionServer) -> Settings:
    transcription_server.speak(*SAID)
    return settings.model_copy(update={"transcription_base_url": transcription_server.base_url})


async def test_files_are_sent_read_heard_and_written_from(
    site: Site, worker: None, record: Record, tmp_path: Path
) -> None:
    ada = await site.user("ada")
    project = (await ada.post("/v1/projects", json={"title": "Tea"})).json()
    talk = record("talk.mp3", seconds=10)
    page = await site.sign_in("ada", width=360, height=740, color_scheme="dark")
    await page.goto(f"/library/projects/{project['id']}")
    await axe(page)

    # Cut off after ten bytes; the same file goes on after a reload.
    site.allow("ERR_FAILED|net::ERR_CONNECTION")
    await page.route(
        "**/library/uploads/*", lambda it: it.abort() if it.request.method == "PATCH" else it.continue_()
    )
    await page.locator("#drop-file").set_input_files(talk)
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    async with page.expect_request(lambda request: request.method == "PATCH"):
        pass
    (begun,) = (await ada.get(f"/v1/projects/{project['id']}/uploads")).json()["items"]
    await page.get_by_role("button", name="Pause").click()
    await axe(page)
    part = {**BYTES, "Upload-Offset": "0"}
    await ada.patch(f"/v1/uploads/{begun['id']}", content=talk.read_bytes()[:10], headers=part)
    await page.unroute("**/library/uploads/*")
    await page.reload()
    await expect(page.locator("[data-unfinished]")).to_contain_text("10 bytes of")
    async with page.expect_request(lambda request: request.method == "PATCH") as sent:
        await page.locator("#drop-file").set_input_files(talk)
    assert (await sent.value).headers["upload-offset"] == "10"
    await expect(page.locator("[data-unfinished]")).to_have_count(0)
    row = page.locator("#files .thing", has_text="talk.mp3")
    await expect(row).to_contain_text("Write from it")

    await row.get_by_role("link", name="talk.mp3", exact=True).click()
    await page.get_by_role("button", name=SAID[1]).click()
    await expect(page.locator(".segment[aria-current]")).to_contain_text(SAID[1])
    assert await page.locator("#player").evaluate("player => player.currentTime") >= 5
    await page.get_by_role("button", name="Find the best passages").click()
    await page.get_by_role("button", name="Cut it out").first.click()
    await expect(page.locator("#clips").get_by_role("link", name="Download")).to_have_count(1)
    await axe(page)

    document = tmp_path / "drinks.pdf"
    document.write_bytes(pdf(["Tea is brewed for 3 minutes."], ["Coffee takes 4 minutes."], title="Drinks"))
    await page.goto("/new")
    await axe(page)
    await page.locator("#drop-file").set_input_files(document)
    await expect(page.locator("#check")).to_contain_text("Coffee takes 4 minutes.")
    await expect(page).to_have_url(
        f"{site.url}/new?file=" + await page.locator("[name=file_id]").input_value()
    )
    await axe(page)

    source = {"type": "text", "text": "Tea is brewed for 3 minutes. Coffee takes 4 minutes."}
    await ada.post("/v1/workflows", json={"source": source, "platforms": ["instagram"]})
    await page.goto("/inbox")
    await page.get_by_role("link", name=re.compile("Tea is brewed")).click()
    await page.get_by_role("link", name="Add a picture").click()
    field = page.locator("#drop-file")
    await field.set_input_files({"name": "talk.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    await expect(page.get_by_text("talk.txt is not a picture.")).to_be_visible()
    for number in (1, 2):
        await field.set_input_files({"name": f"{number}.png", "mimeType": "image/png", "buffer": PNG})
        await expect(page.get_by_label(f"What picture {number} shows")).to_be_focused()
        await page.keyboard.type("Tea")
    await expect(page.get_by_role("group", name="Pictures").last.get_by_role("img")).to_have_count(2)
    await axe(page)
    address = await page.get_by_label("Address of picture 1").input_value()
    assert (await ada.get(address)).headers["content-type"] == "image/jpeg", "all that Instagram takes"
    tall = BytesIO()
    Image.new("RGB", (30, 90)).save(tall, "JPEG")
    await field.set_input_files({"name": "tall.jpg", "mimeType": "image/jpeg", "buffer": tall.getvalue()})
    await expect(
        page.get_by_text("tall.jpg gets white edges: Instagram shows shapes from 4:5")
    ).to_be_visible()
    await expect(page.get_by_label("What picture 3 shows")).to_be_focused()
    framed = await ada.get(await page.get_by_label("Address of picture 3").input_value())
    assert Image.open(BytesIO(framed.content)).size == (72, 90)
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
