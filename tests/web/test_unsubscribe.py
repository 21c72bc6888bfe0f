"""Off a list by the link in a mail, by the button of a mailbox, and what the owner of the list sees of it."""

import re

import httpx
import pytest
from sqlalchemy import text

from core.crypto import new_token
from core.settings import Settings
from tests.plugins.ledger import approved
from tests.plugins.mail import MailServer
from tests.plugins.scene import Scene
from tests.plugins.web import Room, Visitor


@pytest.fixture
def settings(settings: Settings, mail_server: MailServer) -> Settings:
    return settings.model_copy(update={"simulator_mail_port": mail_server.port})


@pytest.fixture
async def link(scene: Scene, mail_server: MailServer) -> str:
    """In the mail to ada@readers.example."""
    await approved(scene, "email")
    await scene.advance()
    mail = next(each for each in mail_server.arrived() if each.fields["to"] == "ada@readers.example")
    found = re.search(r"/unsubscribe/\S+", mail.text)
    assert found
    return found[0]


async def test_who_gets_a_newsletter_is_seen_before_it_is_decided(ada: Visitor, scene: Scene) -> None:
    (thread_id,) = await scene.start("email")
    await scene.advance()
    address = f"/reviews/{(await scene.review(thread_id))['id']}"
    assert re.search(r"Simulated readers</a>: 3 readers<", await ada.see(address))
    async with scene.db.service() as session:
        await session.execute(text("UPDATE subscribers SET status = 'unsubscribed', ended_at = now()"))
    assert re.search(r"Nobody is on the list <a[^>]+>Simulated readers</a> yet", await ada.see(address))


async def test_a_reader_is_asked_and_leaves(room: Room, scene: Scene, link: str) -> None:
    reader = room.visitor()
    asked = await reader.see(link)
    assert "Simulated readers" in asked
    assert f'<form method="post" action="{link}">' in asked
    assert "readers.example" not in asked, "whoever has the link learns no address"
    assert await status(scene) == "subscribed", "a look changes nothing"
    done = await reader.post(link)
    assert (done.status_code, "You are unsubscribed" in done.text) == (200, True)
    assert await status(scene) == "unsubscribed"
    assert "You are unsubscribed" in await reader.see(link)
    assert (await reader.post(link)).status_code == 200, "once more changes nothing"


async def test_a_mailbox_unsubscribes_with_one_click(
    room: Room, scene: Scene, link: str, ada: Visitor
) -> None:
    """RFC 8058: a POST from another host, without a cookie; where there is one it does not matter."""
    for client in (room.visitor(), ada):
        answer = await client.post(
            link,
            content="List-Unsubscribe=One-Click",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": "https://mail.example",
                "Sec-Fetch-Site": "cross-site",
            },
        )
        assert answer.status_code == 200, answer.text
        assert not [name for name in answer.cookies if "session" in name]
    assert await status(scene) == "unsubscribed"


async def test_a_link_that_was_made_up_is_nobodys(room: Room) -> None:
    reader = room.visitor()
    for path in (f"/unsubscribe/{new_token()}", "/unsubscribe/x"):
        for answer in (await reader.get(path), await reader.post(path)):
            assert answer.status_code == 404
            assert "unsubscribes nobody" in answer.text


async def test_the_ledger_says_what_became_of_each_mail(
    room: Room, ada: Visitor, scene: Scene, link: str
) -> None:
    job = await scene.row("SELECT id FROM publishing_jobs")
    here = f"/ledger/{job['id']}/deliveries"
    assert f'href="{here}"' in await ada.see(f"/ledger/{job['id']}")
    shown = await ada.see(here)
    assert all(f"{name}@readers.example" in shown for name in ("ada", "grace", "bounce"))
    assert "There is nobody of that name" in shown
    bounced = await ada.see(here, params={"outcome": "bounced"})
    assert "bounce@readers.example" in bounced
    assert "ada@readers.example" not in bounced
    reviewer = await room.colleague(ada, "reviewer")
    await reviewer.see(here, 403)
    assert here not in await reviewer.see(f"/ledger/{job['id']}")


async def test_a_list_in_the_settings(room: Room, ada: Visitor) -> None:
    await ada.see("/settings/lists")
    made = await ada.submit("/settings/lists", {"name": "Release notes"})
    here = went(made)
    taken = await ada.submit("/settings/lists", {"name": "Release notes"})
    assert taken.status_code == 409
    went(
        await ada.submit(
            f"{here}/add", {"csv": "Name;E-Mail\nAda;ada@example.com\nGrace;grace@example.com\n"}
        )
    )
    shown = await ada.see(here)
    assert "ada@example.com" in shown
    assert "2 added, 0 were there already." in shown
    broken = await ada.submit(f"{here}/add", {"csv": "mary@example.com\nnobody\n"})
    assert (broken.status_code, "Line 2: " in broken.text) == (422, True)
    assert "mary@example.com" not in await ada.see(here), "all of them or none"
    gone = re.findall(rf'action="({here}/[0-9a-f-]+/unsubscribe)"', shown)
    went(await ada.submit(gone[0]))
    left = await ada.see(here, params={"status": "unsubscribed"})
    assert left.count('badge">unsubscribed') == 1
    export = await ada.get(f"{here}/export")
    assert export.headers["content-type"].startswith("text/csv")
    assert sorted(line.split(",")[:2] for line in export.text.splitlines()[1:]) == [
        ["ada@example.com", "subscribed"],
        ["grace@example.com", "unsubscribed"],
    ]
    went(await ada.submit(here, {"name": "News"}))
    assert "1 subscribed · 1 unsubscribed" in await ada.see("/settings/lists")
    viewer = await room.colleague(ada, "viewer")
    assert "News" in await viewer.see("/settings/lists")
    await viewer.see(here, 403)
    went(await ada.submit(gone[0].replace("unsubscribe", "delete")))
    went(await ada.submit(f"{here}/delete"))
    await ada.see(here, 404)


def went(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    where: str = answer.headers["location"]
    return where


async def status(scene: Scene) -> str:
    """Of the one whose mail it was: the first that was sent."""
    row = await scene.row(
        "SELECT s.status FROM email_deliveries d JOIN subscribers s ON s.id = d.subscriber_id"
        " WHERE d.outcome = 'sent' ORDER BY s.id LIMIT 1"
    )
    found: str = row["status"]
    return found
