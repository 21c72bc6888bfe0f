"""Ghost's rules as data; the numbers are those of its 5.130 database schema."""

from typing import Final

from core.content import Content
from core.policy import Policy, Violation
from platforms.article import images, readable

IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
IMAGE_MAX_BYTES: Final = 20 * 1024 * 1024
_WEB: Final = ("https://", "http://")


def _images(content: Content) -> tuple[Violation, ...]:
    found: list[Violation] = []
    for address, alt in images(content.content).items():
        if not address.startswith(_WEB):
            message = f"The image {address[:80]} has no address on the web."
            found.append(Violation("image_address", "/content", message, "Give an https:// address."))
        if not alt:
            message = f"The image {address[:80]} has no alternative text."
            found.append(
                Violation("alt_text_missing", "/content", message, "Write ![what it shows](address).")
            )
    return tuple(found)


def _tags(content: Content) -> tuple[Violation, ...]:
    found: list[Violation] = []
    for index, tag in enumerate(content.tags):
        if not tag.strip() or tag.startswith((",", "#")):
            message = f"Ghost does not take {tag!r} as a public tag."
            found.append(
                Violation("tag_invalid", f"/metadata/tags/{index}", message, "Write the tag as plain words.")
            )
    return tuple(found)


POLICY: Final = Policy(
    platform="blog",
    label="The blog",
    unit="characters",
    max_length=1_000_000,  # the API's own limit for a text; Ghost's is a thousand times as much
    measure=len,
    markdown=True,
    guidance=(
        "Markdown with a title of its own, an opening that says what the reader gets, and headings (##) per section.",
        "Do not repeat the title as a heading in the text.",
        "Sections of two to five short paragraphs; lists and code blocks where they help.",
        "End with a conclusion or what to do next.",
        "An excerpt of one or two sentences and three to five tags.",
    ),
    title_max=255,
    title_required=True,
    excerpt_max=300,
    tag_max=191,
    media_max=1,
    image_types=IMAGE_TYPES,
    image_max_bytes=IMAGE_MAX_BYTES,
    alt_text_max=191,
    checks=(readable, _images, _tags),
)
