"""Who is on a list, who has left it, and who is mailed no more."""

import pytest

from core.errors import Conflict, Invalid
from models.mailing import SubscriberStatus
from services import pages
from services.mail import mailing_lists, subscribers, unsubscribing
from tests.plugins.ledger import approved, due
from tests.plugins.mail import MailServer
from tests.plugins.scene import Scene
from tests.services.mail.conftest import subscribe


async def test_who_unsubscribes_is_mailed_no_more_not_even_by_what_is_under_way(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "later")
    thread_id = await approved(scene, "email")
    await scene.advance()
    (mail,) = post.arrived()
    token = mail.text.rpartition("/unsubscribe/")[2].strip()
    assert (await unsubscribing.find(scene.db, token)).status == "subscribed"
    assert await unsubscribing.leave(scene.db, token) == "Simulated readers"
    assert await unsubscribing.leave(scene.db, token) == "Simulated readers", "once more changes nothing"
    assert (await unsubscribing.find(scene.db, token)).status == "unsubscribed"
    async with scene.tenant() as session:
        listed = (await mailing_lists.browse(session, pages.Wanted())).items[0].id
        found = await subscribers.browse(session, scene.runtime.keyring, listed, pages.Wanted())
        later = next(each for each in found.items if each.email.startswith("later"))
        await subscribers.unsubscribe(session, scene.runtime.keyring, listed, later.id)
    await due(scene, thread_id)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert len(post.arrived()) == 1
    assert await subscribe(scene, "ada", "later", "ADA") == subscribers.Added(0, 0, 2), (
        "they stay off the list"
    )


async def test_an_address_that_bounced_is_off_every_list_of_the_workspace(
    scene: Scene, post: MailServer
) -> None:
    await subscribe(scene, "ada", "grace")
    async with scene.tenant() as session:
        other = await mailing_lists.create(session, scene.principal, "Others")
    assert await subscribe(scene, "ada", list_id=other.id) == subscribers.Added(1, 0, 0)
    async with scene.tenant() as session:
        keyring = scene.runtime.keyring
        assert await subscribers.bounce(session, keyring, other.id, "Ada@Readers.example", "550 gone") == 2
        assert await subscribers.bounce(session, keyring, other.id, "ada@readers.example", "again") == 0
        third = await mailing_lists.create(session, scene.principal, "Third")
    assert await subscribe(scene, "ada", "new", list_id=third.id) == subscribers.Added(1, 0, 1)
    first = (await scene.row("SELECT id FROM mailing_lists WHERE name = 'Simulated readers'"))["id"]
    assert await subscribe(scene, "grace", "Grace", "mary", list_id=first) == subscribers.Added(1, 1, 0)
    gone = subscribers.Entry("grace@readers.example", SubscriberStatus.BOUNCED)
    async with scene.tenant() as session:
        fourth = await mailing_lists.create(session, scene.principal, "From another tool")
        await subscribers.add(session, scene.runtime.keyring, fourth.id, [gone])
        told = await subscribers.by_email(session, scene.runtime.keyring, first, gone.email)
    assert told.status is SubscriberStatus.BOUNCED, "where it is known already, too"
    rows = await scene.rows("SELECT reason FROM subscribers WHERE reason IS NOT NULL")
    assert [row["reason"] for row in rows] == ["550 gone"] * 3
    kept = await scene.rows("SELECT email FROM subscribers")
    assert not any(b"readers" in row["email"] for row in kept)


async def test_a_list_has_a_name_of_its_own_and_goes_when_nothing_sends_to_it(
    scene: Scene, post: MailServer
) -> None:
    async with scene.tenant() as session:
        listed = (await mailing_lists.browse(session, pages.Wanted())).items[0]
    with pytest.raises(Conflict, match="already"):
        async with scene.tenant() as session:
            await mailing_lists.create(session, scene.principal, listed.name)
    async with scene.tenant() as session:
        with pytest.raises(Conflict, match="An account sends to it"):
            await mailing_lists.delete(session, listed.id)
        with pytest.raises(Invalid, match="no mailing list called 'Nobody'"):
            await mailing_lists.by_name(session, "Nobody", "/credentials/list")
        other = await mailing_lists.create(session, scene.principal, "Others")
        await mailing_lists.rename(session, other.id, "Some others")
        await mailing_lists.delete(session, other.id)
        names = [each.name for each in (await mailing_lists.browse(session, pages.Wanted())).items]
    assert names == ["Simulated readers"]
