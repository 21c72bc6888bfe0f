"""LinkedIn's "little text" format: reserved characters that are not escaped cut the post short without an error."""

import re
import unicodedata
from typing import Final

RESERVED: Final = frozenset("\\|{}@[]()<>#*_~")

_HASHTAG = re.compile(r"(?<![\w#&/])#(?=\d*[^\W\d_])([^\W_]+)(?!\w)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TEMPLATE = re.compile(r"\{hashtag\|\\?[#＃]\|([^}]*)\}")


def encode(text: str) -> str:
    """`text` so that LinkedIn shows exactly it; a hashtag becomes the hashtag template, so that it stays a link."""
    parts: list[str] = []
    end = 0
    for match in _HASHTAG.finditer(text):
        parts.append(_escape(text[end : match.start()]))
        parts.append(f"{{hashtag|\\#|{match[1]}}}")
        end = match.end()
    parts.append(_escape(text[end:]))
    return "".join(parts)


def decode(commentary: str) -> str:
    """What `commentary` shows; the inverse of `encode`."""
    # A literal pipe is always escaped, so that only a true template matches.
    parts: list[str] = []
    end = 0
    for match in _TEMPLATE.finditer(commentary):
        parts += [_unescape(commentary[end : match.start()]), "#", _unescape(match[1])]
        end = match.end()
    parts.append(_unescape(commentary[end:]))
    return "".join(parts)


def canonical(text: str) -> str:
    """`text` without what LinkedIn may change: line endings, space at the ends of lines, Unicode composition."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def _escape(text: str) -> str:
    return "".join(f"\\{character}" if character in RESERVED else character for character in text)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
