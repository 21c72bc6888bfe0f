"""Newsletters over real SMTP: one message for each reader, and what each answer of the server means."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from platforms.base import Account, CannotTell, PlatformError, RateLimited, Reauthorize, Refused, Unreachable
from platforms.email import PLATFORM
from simulators.mail import Mail
from tests.platforms.readers import CONTENT, account_at, to
from tests.plugins.mail import MailServer
from tests.plugins.publications import publication_of


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
            "cannot be reached: .SSL",
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
