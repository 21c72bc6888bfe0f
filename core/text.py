"""Text from elsewhere, before it is kept."""

import re
from typing import Final

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` without what neither PostgreSQL nor UTF-8 takes: NUL and unpaired surrogates become "\N{REPLACEMENT CHARACTER}"."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
