"""Instagram's rules as data: those of its content publishing API, as documented in 2026."""

import re
from typing import Final

from core.content import Content
from core.policy import Policy, Quota, Shapes, Violation
from platforms.folding import utf16_units

FOLD_CHARACTERS: Final = 125
"""About what the app shows of a caption before "… more"; Instagram publishes no number."""
IMAGE_TYPES: Final = ("image/jpeg",)
IMAGE_MAX_BYTES: Final = 8 * 1024 * 1024
IMAGE_SHAPES: Final = Shapes(4 / 5, 1.91, "4:5 to 1.91:1")
"""What the feed shows."""
MAX_HASHTAGS: Final = 30
MAX_MENTIONS: Final = 20
_WEB: Final = ("https://", "http://")
"""Instagram itself fetches by https alone, which the adapter sees to: a simulated one listens on loopback."""
_NO_JPEG: Final = re.compile(r"\.(png|webp|gif|heic|heif|avif|svg|bmp|tiff?)$", re.IGNORECASE)
_HASHTAG: Final = re.compile(r"#\w*[^\W\d_]\w*")
"""A `#` begins one even within a word; digits alone make none."""
_MENTION: Final = re.compile(r"(?<![\w@])@[A-Za-z0-9_](?:[A-Za-z0-9_.]*[A-Za-z0-9_])?")


def _image(content: Content) -> tuple[Violation, ...]:
    if content.media:
        return ()
    message = "There is no picture, and Instagram takes no post without one."
    return (Violation("image_missing", "/media", message, "Add a JPEG picture."),)


def _addresses(content: Content) -> tuple[Violation, ...]:
    message = "The picture's address is none of the web."
    return tuple(
        Violation("image_address", f"/media/{index}/url", message, "Give it as https://…")
        for index, media in enumerate(content.media)
        if not media.url.lower().startswith(_WEB)
    )


def _types(content: Content) -> tuple[Violation, ...]:
    """By what their addresses say; the adapter looks into the pictures."""
    found = [_NO_JPEG.search(media.url.partition("?")[0].partition("#")[0]) for media in content.media]
    return tuple(
        Violation(
            "image_type",
            f"/media/{index}/url",
            f"The picture is a {match[1].upper()}, and Instagram takes JPEG alone.",
            "Upload it, which makes a JPEG of it, or give another address.",
        )
        for index, match in enumerate(found)
        if match
    )


def _hashtags(content: Content) -> tuple[Violation, ...]:
    count = len(_HASHTAG.findall(content.content))
    if count <= MAX_HASHTAGS:
        return ()
    message = f"{count} hashtags; Instagram takes at most {MAX_HASHTAGS}."
    return (Violation("too_many_hashtags", "/content", message, f"Remove {count - MAX_HASHTAGS} of them."),)


def _mentions(content: Content) -> tuple[Violation, ...]:
    count = len(_MENTION.findall(content.content))
    if count <= MAX_MENTIONS:
        return ()
    message = f"{count} people are mentioned; Instagram takes at most {MAX_MENTIONS}."
    return (Violation("too_many_mentions", "/content", message, f"Remove {count - MAX_MENTIONS} of them."),)


POLICY: Final = Policy(
    platform="instagram",
    label="Instagram",
    unit="characters",
    max_length=2200,
    measure=utf16_units,
    guidance=(
        "This is the caption of a picture that somebody else adds: do not describe it, and do not ask for it.",
        "The first sentence works alone: the app shows some 125 characters and folds the rest.",
        "Then a short story in short paragraphs, and a question or a next step at the end.",
        "Plain text: Instagram shows Markdown as it is typed, and a link cannot be followed.",
        "At most five hashtags, after the text.",
    ),
    media_max=10,
    image_types=IMAGE_TYPES,
    image_max_bytes=IMAGE_MAX_BYTES,
    image_shapes=IMAGE_SHAPES,
    alt_text_max=1000,
    quotas=(Quota("posts", 100, 24 * 3600),),
    checks=(_image, _addresses, _types, _hashtags, _mentions),
    for_reviewer=frozenset({"image_missing", "image_address", "image_type"}),
)
