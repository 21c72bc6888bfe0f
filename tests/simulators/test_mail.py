"""The mail server takes no mail that a strict one would not, or that a mailbox could not be left by."""

import aiosmtplib
import pytest

from core.simulated import mail_password
from tests.plugins.mail import MailServer

HEAD = {
    "From": "news@harbour.example",
    "To": "ada@readers.example",
    "Subject": "News",
    "Date": "Sat, 21 Nov 2026 18:43:29 +0000",
    "Message-ID": "<1@harbour.example>",
    "List-Unsubscribe": "<https://proofroom.example/unsubscribe/abc>",
}


@pytest.mark.parametrize(
    ("head", "body", "complaint"),
    [
        (HEAD, "Words.", None),
        ({**HEAD, "Message-ID": ""}, "Words.", "Message-ID is needed once"),
        ({**HEAD, "List-Unsubscribe": "=?utf-8?q?=3Chttps=3A//a=2Eexample=3E?="}, "Words.", "is no address"),
        ({**HEAD, "Subject": "Fr\u00fchling"}, "Words.", "may not stand there"),
        (HEAD, "x" * 999, "too long"),
    ],
)
async def test_what_is_taken(
    mail_server: MailServer, head: dict[str, str], body: str, complaint: str | None
) -> None:
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    message = "\r\n".join([*lines, "", body, ""]).encode()
    async with aiosmtplib.SMTP(
        hostname="127.0.0.1", port=mail_server.port, username="harbour", password=mail_password("harbour")
    ) as smtp:
        await smtp.mail(head["From"])
        await smtp.rcpt(head["To"])
        if complaint is None:
            await smtp.data(message)
        else:
            with pytest.raises(aiosmtplib.SMTPDataError, match=complaint):
                await smtp.data(message)
    assert len(mail_server.arrived()) == (complaint is None)
