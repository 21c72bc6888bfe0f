"""Anything worth saying goes in, and comes out as reviewed posts on five platforms, each sentence with what it rests on."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import docx
import pytest

from agents.provenance import statements
from core.settings import Settings
from tests.plugins.author import Author, Json, thread, words
from tests.plugins.documents import pdf, upload
from tests.plugins.feed_site import FeedSite
from tests.plugins.mail import MailServer
from tests.plugins.transcription import Record, TranscriptionServer
from tests.plugins.web import Room

PLATFORMS = ["linkedin", "x", "blog", "instagram", "email"]
READERS = ["ada@readers.example", "grace@readers.example"]
"""The third on the simulated list has an address that is not there."""

TIDES = [
    "In January 2025 we lowered three turbines of 40 kilowatts each into the Ostrava estuary.",
    "The turbines made 612 megawatt hours in their first year, eleven percent more than planned.",
]
REPAIRS = [
    "Two of the three gearboxes leaked oil seals in the first winter.",
    "Each repair took nine days, because the crane was only free on Tuesdays.",
]
TRIAL = [
    "From April to June our support team of fourteen worked four days a week, at full pay.",
    "The first answer took 3.1 hours in the median before, and 2.8 hours during the trial.",
]
SURPRISE = [
    "Sick days fell from 19 to 8 in the quarter.",
    "The handover on Wednesday noon was the hard part of the whole trial.",
]
BAKERY = [
    "In March the bakery on Harbour Street stopped throwing away bread in the evening.",
    "The bakery threw away about forty loaves every day before March.",
    "Within six weeks the waste fell to seven loaves a day.",
    "Revenue in the first hour of the day rose by 31 percent.",
]
BACKUPS = [
    "Our team restored 40 backups in May 2026, and three of them were empty.",
    "The three empty backups came from one script that nobody had read since 2021.",
    "Every Friday the team now restores one backup that Ada Lovelace draws by lot.",
]
KEEPERS = [
    "The beekeepers of Tartu counted 214 hives in spring and 209 in autumn.",
    "Mites killed two hives of the five, and a bear in Vana took the others.",
    "The association of Tartu lends 12 electric fences from May 2027 on.",
]


@dataclass(frozen=True)
class Told:
    """What was put in, and where in it each sentence stands."""

    workflow_id: str
    places: Mapping[str, Json | None]


@pytest.fixture
def settings(
    settings: Settings,
    mail_server: MailServer,
    transcription_server: TranscriptionServer,
    feed_site: FeedSite,
) -> Settings:
    peers = {
        "simulator_mail_port": mail_server.port,
        "transcription_base_url": transcription_server.base_url,
        "allow_private": [feed_site.peer],
    }
    return settings.model_copy(update=peers)


@pytest.fixture
async def api(room: Room) -> Room:
    """With the pages: that is where readers leave a list."""
    return room


async def test_every_kind_of_source_becomes_posts_whose_sentences_lead_back(
    author: Author,
    room: Room,
    mail_server: MailServer,
    transcription_server: TranscriptionServer,
    feed_site: FeedSite,
    record: Record,
    simulator_url: str,
) -> None:
    transcription_server.speak(*BAKERY)
    told = await asyncio.gather(
        _file(author, "tides.pdf", pdf(TIDES, REPAIRS, title="A year of tides"), _pages(TIDES, REPAIRS)),
        _file(author, "weeks.docx", *_word({"What we tried": TRIAL, "What surprised us": SURPRISE})),
        _file(author, "talk.mp3", record("talk.mp3", seconds=20).read_bytes(), _minutes(*BAKERY)),
        _link(author, feed_site, "Backups", BACKUPS),
        _feed(author, feed_site, "Hives", KEEPERS),
    )
    picture = {"url": f"{simulator_url}/sample.jpg", "alt_text": "What it is about"}
    approved: dict[str, list[Json]] = {platform: [] for platform in PLATFORMS}
    for each in told:
        workflow = await author.rested(each.workflow_id)
        assert [one["status"] for one in workflow["threads"]] == ["awaiting_review"] * len(PLATFORMS)
        for platform in PLATFORMS:
            review = await author.review(workflow, platform)
            _leads_back(review["draft"], review["evaluation"], each)
            (draft,) = await _drafts(author, thread(workflow, platform))
            _leads_back(draft, draft["evaluations"][0], each)
            if platform == "instagram":
                review = await _illustrated(author, workflow, review, picture)
            assert review["evaluation"]["violations"] == []
            answer = await author.decide(review, "accept")
            assert answer.status_code == 202, answer.text
            approved[platform].append(review)
    for each in told:
        workflow = await author.rested(each.workflow_id)
        assert {one["status"] for one in workflow["threads"]} == {"published"}

    for platform in PLATFORMS[:-1]:
        out = [post for post in await author.on_platform(platform) if post["kind"] == "post"]
        assert {post["status"] for post in out} == {"published"}
        assert sorted(words(post["text"]) for post in out) == sorted(map(_shown, approved[platform]))
        assert all(post["pictures"] == [picture] for post in out) is (platform == "instagram")
    _reached(mail_server, approved["email"])

    await _leaves(room, mail_server, READERS[0])
    before = len(mail_server.arrived())
    again = await author.drafted("email", text=" ".join(TIDES + REPAIRS))
    await author.accept(again, "email")
    await author.rested(again["id"])
    assert sorted(mail_server.readers()[before:]) == READERS[1:]


def _leads_back(draft: Json, evaluation: Json, told: Told) -> None:
    """Each sentence to its page, its chapter or its second; or it is among what nothing supports."""
    grounds = {ground["quote"]: ground for ground in draft["provenance"]}
    doubted = {finding["quote"] for finding in evaluation["ungrounded"]}
    text = draft["content"]
    said = [text[start:end] for start, end in statements(text)]
    assert said
    for sentence in said:
        assert sentence in grounds or sentence in doubted, f"{sentence!r} rests on nothing"
    for ground in grounds.values():
        if ground["passage"]:
            assert words(ground["source_quote"]) == words(ground["quote"])
            assert ground["place"] == told.places[ground["source_quote"]]
    assert any(ground["passage"] for ground in grounds.values())


async def _illustrated(author: Author, workflow: Json, review: Json, picture: Json) -> Json:
    """The review once more when an edit has given the draft what it lacked."""
    assert [each["code"] for each in review["evaluation"]["violations"]] == ["image_missing"]
    refused = await author.decide(review, "accept")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/media")
    answer = await author.decide(review, "edit", media=[picture], approve=False)
    assert answer.status_code == 202, answer.text
    workflow = await author.until(
        workflow["id"],
        lambda found: thread(found, "instagram")["pending_review_id"] not in {None, review["id"]},
    )
    edited = await author.review(workflow, "instagram")
    assert edited["draft"]["content"] == review["draft"]["content"]
    return edited


async def _file(author: Author, name: str, content: bytes, places: Mapping[str, Json | None]) -> Told:
    file = await upload(author.user, content, name)
    found: Json = {"status": "pending"}
    while found["status"] in {"pending", "processing"}:
        answer = await author.user.get(f"/v1/files/{file['id']}/text", params={"wait": 20})
        found = answer.json()
    assert found["status"] == "completed", found
    started = await author.start(*PLATFORMS, source={"type": "file", "file_id": file["id"]})
    return Told(started["id"], places)


async def _link(author: Author, site: FeedSite, title: str, said: Sequence[str]) -> Told:
    _write(site, title, said)
    started = await author.start(*PLATFORMS, source={"type": "url", "url": site.url(f"/{title}")})
    return Told(started["id"], dict.fromkeys(said))


async def _feed(author: Author, site: FeedSite, title: str, said: Sequence[str]) -> Told:
    """What was there when it was added starts nothing; the entry after it does."""
    site.publish("Wax")
    rule = {"platforms": PLATFORMS, "content": "page"}
    made = await author.user.post("/v1/feeds", json={"url": site.url(), "rule": rule})
    assert made.status_code == 201, made.text
    _write(site, title, said)
    site.publish(title, "Wax")
    path = f"/v1/feeds/{made.json()['id']}"
    assert (await author.user.post(f"{path}/fetch")).json()["started"] == 1
    entries = (await author.user.get(f"{path}/entries", params={"status": "started"})).json()["items"]
    (workflow_id,) = (entry["workflow_id"] for entry in entries)
    return Told(workflow_id, dict.fromkeys(said))


def _write(site: FeedSite, title: str, said: Sequence[str]) -> None:
    body = f"<article><h1>{title}</h1><p>{' '.join(said)}</p></article>"
    page = f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"
    site.say(page, f"/{title}", content_type="text/html")


async def _drafts(author: Author, found: Json) -> list[Json]:
    items: list[Json] = (await author.user.get(f"/v1/threads/{found['thread_id']}/drafts")).json()["items"]
    return items


def _pages(*pages: Sequence[str]) -> dict[str, Json | None]:
    return {
        sentence: {"kind": "page", "label": str(number), "seconds": None}
        for number, page in enumerate(pages, 1)
        for sentence in page
    }


def _word(chapters: Mapping[str, Sequence[str]]) -> tuple[bytes, dict[str, Json | None]]:
    document, written = docx.Document(), BytesIO()
    places: dict[str, Json | None] = {}
    for heading, said in chapters.items():
        document.add_heading(heading, 1)
        document.add_paragraph(" ".join(said))
        place: Json = {"kind": "chapter", "label": heading, "seconds": None}
        places |= dict.fromkeys(said, place)
    document.save(written)
    return written.getvalue(), places


def _minutes(*said: str) -> dict[str, Json | None]:
    """As the transcription server speaks: one every five seconds."""
    return {
        sentence: {"kind": "time", "label": f"0:{5 * number:02}", "seconds": 5.0 * number}
        for number, sentence in enumerate(said)
    }


def _shown(review: Json) -> str:
    article = review["draft"]["platform"] == "blog"
    return words(review["preview"]["html"] if article else review["draft"]["content"])


def _reached(mail_server: MailServer, approved: Sequence[Json]) -> None:
    """Each newsletter everybody, once, with its words and a way to leave."""
    for review in approved:
        draft = review["draft"]
        mails = [mail for mail in mail_server.arrived() if mail.fields["title"] == draft["metadata"]["title"]]
        assert sorted(str(mail.fields["to"]) for mail in mails) == READERS
        for mail in mails:
            headers: Any = mail.fields["headers"]
            assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
            assert words(mail.text).startswith(words(draft["content"]))
    assert len(mail_server.arrived()) == len(approved) * len(READERS)


async def _leaves(room: Room, mail_server: MailServer, reader: str) -> None:
    """By one click, as their mailbox does it."""
    mail = next(each for each in mail_server.arrived() if each.fields["to"] == reader)
    headers: Any = mail.fields["headers"]
    path = re.search(r"/unsubscribe/[^>]+", headers["list-unsubscribe"])
    assert path
    left = await room.client().post(path[0], data={"List-Unsubscribe": "One-Click"})
    assert left.status_code == 200, left.text
