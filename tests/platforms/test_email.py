"""Newsletters over real SMTP: one message for each reader, and what each answer of the server means."""

import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.content import Content, Media
from core.http import check_address
from core.settings import Settings
from core.simulated import simulated_account
from platforms.base import (
    Account,
    CannotTell,
    Delivery,
    PlatformError,
    RateLimited,
    Reauthorize,
    Recipient,
    Refused,
    Unreachable,
)
from platforms.email import PLATFORM
from platforms.email.message import letter_of
from platforms.email.policy import CLIPPED_BYTES
from simulators.mail import Mail
from tests.plugins.mail import MailServer
from tests.plugins.publications import publication_of

CONTENT = Content(
    content="# News\n\nWe ship **today**. <script>alert(1)</script>\n\n![A](https://a.example/b.png) [Read](https://example.com)",
    metadata={"title": "We ship\ntoday ✓", "excerpt": "What is in it"},
    media=(Media(url="https://example.com/a.png?b=1&c=2", alt_text='A "ship"'),),
)


@dataclass
class Readers:
    """As the service hands them over."""

    waiting: deque[Recipient]
    settled: dict[str, Delivery] = field(default_factory=dict)
    list_id = uuid4()
    list_name = "Friends & <family>"

    async def next(self) -> Recipient | None:
        return self.waiting.popleft() if self.waiting else None

    async def settle(self, recipient: Recipient, delivery: Delivery) -> None:
        self.settled[recipient.address] = delivery

    @property
    def outcomes(self) -> dict[str, str]:
        return {address.partition("@")[0]: each.outcome for address, each in self.settled.items()}


@dataclass
class Sending:
    account: Account
    readers: Readers
    content: Content = CONTENT

    async def run(self) -> None:
        publication = replace(publication_of(self.content), recipients=self.readers)
        async with httpx.AsyncClient() as http:
            await PLATFORM.publisher.publish(http, self.account, publication)


@pytest.fixture
def account(mail_server: MailServer) -> Account:
    return account_at(f"127.0.0.1:{mail_server.port}")


def account_at(peer: str, allowed: Sequence[str] = (), **changes: object) -> Account:
    made = simulated_account("email", "harbour", f"smtp://{peer}")
    settings = Settings(allow_private=[peer, *allowed])
    account = Account(
        id=uuid4(),
        platform_user_id=made.platform_user_id,
        username=made.username,
        base_url=made.base_url,
        credentials=made.credentials,
        simulated=True,
        addresses=partial(check_address, settings),
    )
    return replace(account, **changes)  # type: ignore[arg-type] # the fields' own types


def to(account: Account, *names: str) -> Sending:
    recipients = [
        Recipient(uuid4(), f"{name}@readers.example", f"https://proofroom.example/unsubscribe/{name}")
        for name in names
    ]
    return Sending(account, Readers(deque(recipients)))


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


async def test_what_is_said_of_one_reader_stops_no_other(account: Account, mail_server: MailServer) -> None:
    sending = to(account, "bounce", "later", "relay", "ada")
    await sending.run()
    assert sending.readers.outcomes == {
        "bounce": "bounced",
        "later": "deferred",
        "relay": "failed",
        "ada": "sent",
    }, "what is about the sender strikes no reader off"
    assert (
        sending.readers.settled["bounce@readers.example"].detail == "550 5.1.1 There is nobody of that name"
    )
    assert mail_server.readers() == ["ada@readers.example"]


async def test_a_mail_that_is_not_taken_is_not_the_readers_fault(
    account: Account, mail_server: MailServer
) -> None:
    mail_server.fault("duplicate")
    mail_server.fault("server_error")
    sending = to(account, "ada", "grace", "mary")
    await sending.run()
    assert sending.readers.outcomes == {"ada": "failed", "grace": "deferred", "mary": "sent"}


@pytest.mark.parametrize(("kind", "arrived"), [("lost_answer", 1), ("cut", 0)])
async def test_a_lost_answer_is_unknown_and_stops_the_call(
    account: Account, mail_server: MailServer, kind: str, arrived: int
) -> None:
    mail_server.fault(kind)
    sending = to(account, "ada", "grace")
    with pytest.raises(Unreachable, match="No answer came after the mail was sent"):
        await sending.run()
    assert sending.readers.outcomes == {"ada": "unknown"}
    assert len(mail_server.arrived()) == arrived
    assert len(sending.readers.waiting) == 1


async def test_a_server_that_defers_everybody_is_left_alone(
    account: Account, mail_server: MailServer
) -> None:
    mail_server.fault("rate_limited", count=9)
    sending = to(account, *(f"reader-{number}" for number in range(9)))
    with pytest.raises(RateLimited, match="Too many messages"):
        await sending.run()
    assert list(sending.readers.outcomes.values()) == ["deferred"] * 5


async def test_what_is_wrong_with_the_account_is_said_before_anybody_is_mailed(
    account: Account, mail_server: MailServer, closed_port: int
) -> None:
    def without(**changes: str) -> dict[str, str]:
        return {**account.credentials, **changes}

    cases: list[tuple[Account, type[PlatformError], str]] = [
        (
            replace(account, credentials=without(password="wrong")),
            Reauthorize,
            "does not take the password: 535",
        ),
        (replace(account, credentials=without(from_address="nobody")), Reauthorize, "no address"),
        (replace(account, simulated=False), Reauthorize, "STARTTLS"),
        (replace(account, base_url="https://mail.example.com"), Reauthorize, "is not smtp://"),
        (replace(account, base_url="smtp://127.0.0.1:99999"), Reauthorize, "is not smtp://"),
        (replace(account, base_url="smtp://127.0.0.1:26"), Reauthorize, "not an address on the public"),
        (replace(account, base_url="smtp://169.254.169.254"), Reauthorize, "not an address on the public"),
        (account_at(f"127.0.0.1:{closed_port}"), Unreachable, "cannot be reached"),
        (
            account_at(f"127.0.0.1:{mail_server.port}", base_url=f"smtps://127.0.0.1:{mail_server.port}"),
            Unreachable,
            "cannot be reached",
        ),
    ]
    for broken, failure, words in cases:
        sending = to(broken, "ada")
        with pytest.raises(failure, match=words):
            await sending.run()
        assert not sending.readers.settled
    assert mail_server.arrived() == []


async def test_a_server_without_a_password_sends_nobody_away_for_lack_of_one(
    account: Account, mail_server: MailServer
) -> None:
    """Then the server says so, and it is the account's fault, not the reader's."""
    sending = to(replace(account, credentials={**account.credentials, "username": "", "password": ""}), "ada")
    with pytest.raises(Reauthorize, match="does not let this account send: 530"):
        await sending.run()
    assert (sending.readers.outcomes, len(sending.readers.waiting)) == ({}, 1), "it is nobody's try"


async def test_a_connection_that_has_carried_enough_is_nobodys_try(
    account: Account, mail_server: MailServer
) -> None:
    for kind in ("duplicate", "cut", "server_error"):
        mail_server.fault(kind, step="draft")
        sending = to(account, "ada")
        with pytest.raises(Unreachable):
            await sending.run()
        assert (sending.readers.outcomes, len(sending.readers.waiting)) == ({}, 1), kind


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


async def test_a_password_goes_to_a_server_that_can_be_trusted_and_to_no_other(
    mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with Mail(mail_server.record, mail_server.faults).served(0, tls) as port:
        account = account_at(f"127.0.0.1:{port}", simulated=False)
        with pytest.raises(Reauthorize, match="cannot be trusted: self-signed certificate"):
            await to(account, "ada").run()
        relay = replace(account, credentials={**account.credentials, "username": "", "password": ""})
        with pytest.raises(Reauthorize, match="does not let this account send: 530"):
            await to(relay, "ada").run()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # as an operator adds an authority
        sending = to(account, "ada")
        await sending.run()
        assert sending.readers.outcomes == {"ada": "sent"}


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


async def test_the_account_says_whose_it_is_and_cannot_call_mail_back(account: Account) -> None:
    async with httpx.AsyncClient() as http:
        identity = await PLATFORM.publisher.identify(http, account)
        assert identity.username == "harbour@newsletter.example"
        assert identity.platform_user_id == "harbour@newsletter.example Simulated readers"
        paced = replace(account, credentials={**account.credentials, "per_minute": "30"})
        assert (await PLATFORM.publisher.identify(http, paced)).metadata == {"per_minute": 30}
        for wrong in ("0", "-1", "many", "9" * 5000):
            paced = replace(account, credentials={**account.credentials, "per_minute": wrong})
            with pytest.raises(Reauthorize, match="no number of mails in a minute"):
                await PLATFORM.publisher.identify(http, paced)
        assert isinstance(await PLATFORM.publisher.find(http, account, publication_of(CONTENT)), CannotTell)
        with pytest.raises(Refused, match="cannot be called back"):
            await PLATFORM.publisher.unpublish(http, account, "1")
    assert "sim-mail" not in repr(account)


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
