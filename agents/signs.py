"""Signs in a text that some people want and some do not."""

from typing import Final

import regex

EMOJI: Final = regex.compile(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F")
HASHTAG: Final = regex.compile(r"(?<![\w&/#])#(?=[\p{L}\p{N}_]*\p{L})[\p{L}\p{N}_]+")
BULLET: Final = regex.compile(r"(?m)^[ \t]*[•▪‣*–-][ \t]+\S.*$")
