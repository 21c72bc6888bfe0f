"""A newsletter as it stands on the wire: its head, its words, its way off the list; and its rules."""

from dataclasses import replace
from uuid import uuid4

import pytest

from core.content import Content, Media
from platforms.base import Account, Reauthorize
from platforms.email import PLATFORM
from platforms.email.message import letter_of
from platforms.email.policy import CLIPPED_BYTES
from tests.platforms.readers import CONTENT, to
from tests.plugins.mail import MailServer


async def test_each_reader_gets_a_mail_of_their_own_with_a_way_off_the_list(
    account: Account, mail_server: MailServer
) -> None:
    sending = to(account, "ada", "grace")
    ids = [recipient.id.hex for recipient in sending.readers.waiting]
    await sending.run()
    assert sending.readers.outcomes == {"ada": "sent", "grace": "sent"}
    assert mail_server.readers() == ["ada@readers.example", "grace@readers.example"]
    mail = mail_server.arrived()[0]
    headers, html = mail.fields["headers"], str(mail.fields["html"])
    assert isinstance(headers, dict)
    assert headers["subject"] == "We ship today ✓"
    assert headers["to"] == "ada@readers.example", "nobody sees the others"
    assert headers["from"] == "harbour <harbour@newsletter.example>"
    assert headers["message-id"] == f"<{ids[0]}@newsletter.example>"
    assert headers["list-id"] == f"<{sending.readers.list_id.hex}.newsletter.example>"
    assert headers["list-unsubscribe"] == "<https://proofroom.example/unsubscribe/ada>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert (headers["precedence"], headers["auto-submitted"]) == ("bulk", "auto-generated")
    assert mail.fields["return_path"] == "harbour@newsletter.example"
    assert headers["date"]
    assert '<img src="https://example.com/a.png?b=1&amp;c=2" alt="A &quot;ship&quot;"' in html
    assert '<img src="https://a.example/b.png" alt="A"' in html
    assert "<strong>today</strong>" in html
    assert "What is in it" in html
    assert "Friends &amp; &lt;family&gt;" in html
    assert 'href="https://proofroom.example/unsubscribe/ada"' in html
    assert "script>" not in html
    assert "We ship **today**." in mail.text
    assert "Unsubscribe: https://proofroom.example/unsubscribe/ada" in mail.text


@pytest.mark.parametrize(
    ("sender", "seen"),
    [
        ({"from_address": "news@b\u00fccher.example"}, "<news@xn--bcher-kva.example>"),
        ({"from_name": "Evil\r\nBcc: x@y.example"}, "Evil Bcc: x@y.example"),
        ({"from_name": "\u00dc" * 15}, "\u00dc" * 15),
        ({"from_name": 'A "B", <c@d.example>'}, 'A \\"B\\", <c@d.example>'),
        ({"from_address": "zo\u00eb@readers.example"}, None),
        ({"from_address": "a@b.example\r\nBcc: c@d.example"}, None),
        ({"bounces_to": "not one"}, None),
    ],
)
async def test_whatever_a_sender_is_called_the_head_holds(
    account: Account, mail_server: MailServer, sender: dict[str, str], seen: str | None
) -> None:
    sending = to(replace(account, credentials={**account.credentials, **sender}), "ada")
    sending.content = Content(
        content=".\n..\n" + "x" * 2000 + "\n.", metadata={"title": "\u2713\x07\r\nBcc: x" + "\u2713" * 140}
    )
    address = f"https://proofroom.{'long-' * 30}name.example/unsubscribe/{'x' * 43}"
    sending.readers.waiting[0] = replace(sending.readers.waiting[0], unsubscribe_url=address)
    if seen is None:
        with pytest.raises(Reauthorize, match="no address"):
            await sending.run()
        return
    await sending.run()
    assert sending.readers.outcomes == {"ada": "sent"}, "the server is strict about what stands in a head"
    (mail,) = mail_server.arrived()
    headers = mail.fields["headers"]
    assert isinstance(headers, dict)
    assert seen in str(headers["from"])
    assert "bcc" not in headers
    assert headers["list-unsubscribe"] == f"<{address}>"
    assert mail.text.splitlines()[:4] == sending.content.content.splitlines()


def test_a_newsletter_has_a_subject_and_fits_into_a_mailbox() -> None:
    def codes(text: str, **metadata: str) -> list[str]:
        found = PLATFORM.policy.violations(Content(content=text, metadata={"title": "News", **metadata}))
        return [violation.code for violation in found]

    assert codes("Fine.") == []
    assert codes("Fine.", title="") == ["title_missing"]
    assert codes("Fine.", title="x" * 151, excerpt="y" * 151) == ["title_too_long", "excerpt_too_long"]
    assert codes("![a](http://example.com/a.png) ![](https://example.com/b.png)") == [
        "image_address",
        "alt_text_missing",
    ]
    above = Content(content="Fine.", metadata={"title": "News"}, media=(Media(url="http://x", alt_text="a"),))
    assert [each.field for each in PLATFORM.policy.violations(above)] == ["/media/0"]
    assert codes("a&\n\n" * (CLIPPED_BYTES // 13)) == ["clipped"], "it is its HTML that mailboxes measure"


def test_no_picture_is_wider_than_a_telephone() -> None:
    html = letter_of(CONTENT, uuid4(), "Friends").html
    assert html.count("<img") == html.count('<img style="max-width:100%;') == 2


def test_its_preview_is_the_inbox_line_and_the_mail() -> None:
    shown = PLATFORM.preview(CONTENT)
    assert (shown["title"], shown["excerpt"]) == ("We ship\ntoday ✓", "What is in it")
    assert "<strong>today</strong>" in str(shown["html"])
    assert "<script" not in str(shown["html"])
