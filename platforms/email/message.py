"""The mail itself: one for each recipient, the same but for the way to unsubscribe."""

import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, localtime
from html import escape
from string import Template
from typing import Final
from uuid import UUID

from core.content import Content
from core.mailbox import ascii_address
from platforms.article import render
from platforms.base import Account, Reauthorize, Recipient
from platforms.email.preview import preheader

# In the styles that every mailbox understands: those of elements. The preheader is for the inbox's list alone.
_HTML: Final = Template(
    '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>$subject</title></head>"
    '<body style="margin:0;padding:24px 16px;font-family:Georgia,serif;font-size:17px;line-height:1.6;color:#1c1c1c">'
    '<div style="display:none;max-height:0;overflow:hidden">$preheader</div>'
    '<div style="max-width:600px;margin:0 auto">$body'
    '<hr style="border:0;border-top:1px solid #ddd;margin:32px 0 16px">'
    '<p style="font-size:13px;color:#666">You get this because you are on the list “$list”. '
    '<a href="$unsubscribe" style="color:#666">Unsubscribe</a></p></div></body></html>'
)
_TEXT: Final = Template(
    "$body\n\n-- \nYou get this because you are on the list “$list”.\nUnsubscribe: $unsubscribe\n"
)


class _Address(UnstructuredHeader, BaseHeader):
    """An address without a space in it. The library would encode a long one as if it were words, and a mailbox that is
    to call it would not know it any more."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS: Final = HeaderRegistry()
for _name in ("Message-ID", "List-Id", "List-Unsubscribe"):
    _HEADERS.map_to_type(_name.lower(), _Address)
_POLICY: Final = SMTP.clone(header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Letter:
    """What all recipients get."""

    subject: str
    preheader: str
    html: str
    text: str
    list_id: UUID
    list_name: str


def letter_of(content: Content, list_id: UUID, list_name: str) -> Letter:
    subject = _one_line(content.title)
    pictures = "".join(
        f'<p><img src="{escape(media.url)}" alt="{escape(media.alt_text)}"></p>' for media in content.media
    )
    # Sanitised: nothing else can begin like this.
    html = (pictures + render(content)).replace("<img ", '<img style="max-width:100%;height:auto" ')
    return Letter(subject, preheader(content), html, content.content.strip(), list_id, list_name)


def sender_of(account: Account) -> Address:
    """Raises Reauthorize."""
    name = _one_line(account.credentials.get("from_name", ""))
    return Address(name, addr_spec=_own(account.credentials.get("from_address", "")))


def return_path(account: Account, sender: Address) -> str:
    """Where reports of what could not be delivered go. Raises Reauthorize."""
    given = account.credentials.get("bounces_to", "").strip()
    return _own(given) if given else sender.addr_spec


def _own(given: str) -> str:
    try:
        return ascii_address(given)
    except ValueError as error:
        raise Reauthorize(f"{given!r} is no address that mail can be sent from: {error}") from error


def _one_line(text: str) -> str:
    """What may stand in a header."""
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())


def message_id(recipient: Recipient, sender: Address) -> str:
    """The same at each try, so that a mailbox that gets it twice may know."""
    return f"<{recipient.id.hex}@{sender.domain}>"


def compose(letter: Letter, sender: Address, recipient: Recipient) -> bytes:
    """Ready to be sent. The two headers with which mailboxes unsubscribe by one click: RFC 8058; those by which programs
    that answer mail leave it alone: RFC 3834."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient.address)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = message_id(recipient, sender)
    message["List-Id"] = f"<{letter.list_id.hex}.{sender.domain}>"
    message["List-Unsubscribe"] = f"<{recipient.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Precedence"] = "bulk"
    message["Auto-Submitted"] = "auto-generated"
    named = {"list": letter.list_name, "unsubscribe": recipient.unsubscribe_url}
    message.set_content(_TEXT.substitute(body=letter.text, **named), cte="quoted-printable")
    html = _HTML.substitute(
        {name: escape(value) for name, value in named.items()},
        subject=escape(letter.subject),
        preheader=escape(letter.preheader),
        body=letter.html,
    )
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return bytes(message)
