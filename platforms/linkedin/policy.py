"""LinkedIn's rules as data."""

from typing import Final

from core.policy import Policy, Quota
from platforms.folding import utf16_units

API_VERSION: Final = "202606"
"""Versions are answered for about twelve months; then HTTP 426."""
FOLD_CHARACTERS: Final = 210
"""About what a reader on a desktop sees before "…more"; LinkedIn publishes no number."""
IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif")
IMAGE_MAX_BYTES: Final = 8 * 1024 * 1024


POLICY: Final = Policy(
    platform="linkedin",
    label="LinkedIn",
    unit="characters",
    max_length=3000,
    measure=utf16_units,
    guidance=(
        "Open with a hook: the first 200 characters decide whether anybody unfolds the post.",
        "Write short paragraphs of one to three sentences with an empty line between them.",
        "Plain text only: LinkedIn shows Markdown as it is typed.",
        "Speak from experience, to peers; give one idea with its facts.",
        "End with a question or a next step, and at most three hashtags.",
    ),
    media_max=20,
    image_types=IMAGE_TYPES,
    image_max_bytes=IMAGE_MAX_BYTES,
    alt_text_max=4086,
    quotas=(Quota("posts", 150, 24 * 3600),),
)
