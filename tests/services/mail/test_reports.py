"""Mail that a server took and could not deliver: who is struck off, and who is not."""

from uuid import UUID, uuid4

import pytest

from models.mailing import DeliveryOutcome
from services.mail import reports
from services.mail.reports import RETURNED_LIMIT, Reported
from tests.plugins.ledger import approved
from tests.plugins.mail import MailServer
from tests.plugins.scene import Scene
from tests.services.mail.conftest import subscribe

POSTFIX = """\
Return-Path: <>
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

This is the mail system. I'm sorry.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; ada@elsewhere.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--B
Content-Type: {kind}

From: Harbour <news@harbour.example>
Message-ID: <{id}@harbour.example>

--B--
"""


def report(delivery_id: UUID, **changes: str) -> bytes:
    told = {
        "action": "failed",
        "status": "5.1.1",
        "said": "550 5.1.1 Nobody\n  of that name",
        "kind": "message/rfc822",
    }
    return POSTFIX.format(**{**told, **changes}, id=delivery_id.hex).replace("\n", "\r\n").encode()


GONE, AGAIN = True, False


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, GONE),
        ({"kind": "text/rfc822-headers"}, GONE),
        ({"status": "5.0.0"}, GONE),
        ({"status": "5.0.0", "said": "550 Unrouteable address"}, AGAIN),
        ({"status": "5.2.2", "said": "552 5.2.2 Mailbox full"}, AGAIN),
        ({"status": "5.7.1", "said": "550 5.7.1 You are on a list"}, AGAIN),
        ({"status": "5.1.8", "said": "550 5.1.8 Sender unknown"}, AGAIN),
        ({"status": "4.4.7", "said": "451 4.4.1 No answer for five days"}, AGAIN),
        ({"action": "delayed", "status": "4.4.1"}, None),
        ({"action": "delivered", "status": "2.0.0"}, None),
        ({"kind": "text/plain"}, None),
    ],
)
def test_what_a_report_says(changes: dict[str, str], expected: bool | None) -> None:
    delivery_id = uuid4()
    found = reports.read(report(delivery_id, **changes))
    assert (found and (found.delivery_id, found.is_gone)) == (
        None if expected is None else (delivery_id, expected)
    )
    if changes == {}:
        assert found is not None
        assert found.words == "550 5.1.1 Nobody of that name"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0\xff\r\n",
        b"Subject: I am away\r\n\r\nuntil Monday",
        b"Content-Type: multipart/report\r\n\r\nno boundary",
        report(uuid4()).replace(b"message/delivery-status", b"text/plain"),
        b"".join(
            b"Content-Type: multipart/report; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(3000)
        ),
    ],
)
def test_what_is_no_report_is_let_pass(message: bytes) -> None:
    assert reports.read(message) is None


async def told(scene: Scene, message: bytes) -> Reported:
    async with scene.tenant() as session:
        return await reports.take(session, message)


async def test_a_reader_who_is_gone_is_struck_off_and_one_whose_mailbox_is_full_after_some_time(
    scene: Scene, post: MailServer
) -> None:
    full = {"status": "5.2.2", "said": "552 5.2.2 Mailbox full"}
    await subscribe(scene, "ada", "grace")
    ada, grace = await mailed(scene)
    assert await told(scene, report(ada)) == Reported(ada, DeliveryOutcome.BOUNCED, 1)
    assert await told(scene, report(ada)) == Reported(ada, DeliveryOutcome.BOUNCED, 0)
    assert await told(scene, report(ada, **full)) == Reported(), "it stays the worse of the two"
    assert await told(scene, report(uuid4())) == Reported(), "somebody else's"
    for _ in range(RETURNED_LIMIT - 1):
        assert await told(scene, report(grace, **full)) == Reported(grace, DeliveryOutcome.RETURNED)
        (grace,) = await mailed(scene)
    assert await told(scene, report(grace, **full)) == Reported(grace, DeliveryOutcome.RETURNED, 1)
    rows = await scene.rows("SELECT status, reason FROM subscribers ORDER BY id")
    assert [row["status"] for row in rows] == ["bounced", "bounced"]
    assert rows[1]["reason"] == "The last 5 came back: 552 5.2.2 Mailbox full"


async def mailed(scene: Scene) -> list[UUID]:
    """A newsletter's deliveries, in the order of its readers."""
    thread_id = await approved(scene, "email")
    await scene.advance()
    rows = await scene.rows(
        """SELECT d.id FROM email_deliveries d JOIN publishing_jobs j ON j.id = d.publishing_job_id
        WHERE j.thread_id = :thread_id ORDER BY d.subscriber_id""",
        thread_id=thread_id,
    )
    return [row["id"] for row in rows]
