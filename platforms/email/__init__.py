"""Newsletters, by SMTP to a list."""

from platforms.base import Credential, Platform
from platforms.email.policy import POLICY
from platforms.email.preview import preview
from platforms.email.publisher import EmailPublisher

PLATFORM = Platform(
    policy=POLICY,
    publisher=EmailPublisher(),
    preview=preview,
    credentials=(
        Credential("from_address", "From: address", secret=False, hint="Readers see it and can answer to it"),
        Credential("from_name", "From: name", secret=False, hint="For example the name of your newsletter"),
        Credential(
            "list",
            "Mailing list",
            secret=False,
            hint="The name of one of yours, from Settings → Mailing lists",
        ),
        Credential(
            "bounces_to",
            "Bounces to",
            secret=False,
            required=False,
            hint="Where reports of what could not be delivered go; empty: to the From address",
        ),
        Credential("username", "User name", secret=False, required=False, hint="At the mail server"),
        Credential("password", "Password", required=False),
        Credential(
            "per_minute",
            "Mails in a minute",
            secret=False,
            required=False,
            hint="As many as your mail service allows; empty: as fast as it takes them",
        ),
    ),
    url=None,
    address_hint="Of the mail server: smtp://mail.example.com:587 (STARTTLS) or smtps://mail.example.com:465",
    mails=True,
)
