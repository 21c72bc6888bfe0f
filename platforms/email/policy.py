"""A newsletter's rules as data. No standard limits its length: mailboxes do."""

from typing import Final

from core.content import Content
from core.policy import Policy, Violation
from platforms.article import images, readable, render

CLIPPED_BYTES: Final = 102 * 1024
"""Gmail cuts off what is longer and hides it behind "View entire message", the way to unsubscribe with it."""
FRAME_BYTES: Final = 2 * 1024
"""Of what is put around the text: see message.py."""
MAX_LENGTH: Final = 100_000
_SHORT: Final = 4000
"""Characters whose HTML cannot be too long. Rendering takes time; most newsletters are shorter, and what is over `MAX_LENGTH` is
too long anyway."""


def _clipped(content: Content) -> tuple[Violation, ...]:
    if not _SHORT < len(content.content) <= MAX_LENGTH:
        return ()
    size = len(render(content).encode()) + FRAME_BYTES
    if size <= CLIPPED_BYTES:
        return ()
    message = f"The mail is {size:,} bytes of HTML; Gmail cuts off what is over {CLIPPED_BYTES:,}."
    return (Violation("clipped", "/content", message, "Shorten the text, or link to the rest."),)


def _images(content: Content) -> tuple[Violation, ...]:
    found: list[Violation] = []
    within = images(content.content)
    shown = [("/content", address) for address in within]
    shown += [(f"/media/{index}", media.url) for index, media in enumerate(content.media)]
    for field, address in shown:
        if not address.startswith("https://"):
            message = f"The image {address[:80]} has no https:// address, and mailboxes will not show it."
            found.append(Violation("image_address", field, message, "Give an https:// address."))
    for address in (address for address, alt in within.items() if not alt):
        message = f"The image {address[:80]} has no alternative text; many mailboxes show nothing else."
        found.append(Violation("alt_text_missing", "/content", message, "Write ![what it shows](address)."))
    return tuple(found)


POLICY: Final = Policy(
    platform="email",
    label="Newsletter",
    unit="characters",
    max_length=MAX_LENGTH,
    measure=len,
    markdown=True,
    guidance=(
        "A subject (the title) of up to 60 characters that says what the reader gets: telephones show some 40 of them.",
        "A preheader (the excerpt) of one sentence that goes on where the subject stops.",
        "Markdown. One thing per newsletter: the news first, then why it matters to the reader, then what to do.",
        "Short paragraphs, descriptive links, at most one call to action; no heading that repeats the subject.",
        "No salutation by name, and no words about unsubscribing: those are put below by themselves.",
    ),
    title_max=150,  # one header line of 998 octets (RFC 5322, 2.1.1), when each character takes six of them, encoded
    title_required=True,
    excerpt_max=150,  # what the widest inboxes show beside a short subject
    media_max=1,  # above the text, fetched by the mailbox from where it is
    image_types=("image/jpeg", "image/png", "image/gif"),  # what every mailbox shows
    image_max_bytes=2 * 1024 * 1024,  # ours: each reader's telephone fetches it
    alt_text_max=300,  # ours: it stands in the mail's place where pictures are not shown, which is often
    checks=(readable, _images, _clipped),
)
