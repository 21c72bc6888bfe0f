"""What a platform wants to know about a text beside the text."""

import math
import re
from typing import Final

from pydantic import JsonValue

READING_WORDS_PER_MINUTE: Final = 238
"""Silent reading of English non-fiction: M. Brysbaert, "How many words do we read per minute?", 2019."""
_WORD: Final = re.compile(
    # Scripts that put no spaces between words count by the character.
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]|[^\W_]+(?:['’.,-][^\W_]+)*"
)


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def article_metadata(
    text: str, *, title: str, excerpt: str, tags: list[str], keywords: list[str]
) -> dict[str, JsonValue]:
    """For a platform whose posts have titles; `reading_time` is in minutes."""
    count = len(words(text))
    return {
        "title": title,
        "excerpt": excerpt,
        "tags": list[JsonValue](tags),
        "keywords": list[JsonValue](keywords),
        "word_count": count,
        "reading_time": max(1, math.ceil(count / READING_WORDS_PER_MINUTE)),
    }
