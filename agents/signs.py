"""Signs in a text, some of which people want or do not want."""

from typing import Final

import regex

EMOJI: Final = regex.compile(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F")
HASHTAG: Final = regex.compile(r"(?<![\w&/#])#(?=[\p{L}\p{N}_]*\p{L})[\p{L}\p{N}_]+")
CODE: Final = regex.compile(r"(?ms)^(`{3,}+|~{3,}+).*?(?:^\1`*[ \t]*$|\Z)")
"""A fenced block of it, in Markdown: one that nobody closed goes on to the end."""
BULLET: Final = regex.compile(r"(?m)^[ \t]*[•▪‣*–-][ \t]+\S.*$")
