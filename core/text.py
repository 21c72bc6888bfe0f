"""Which text can be kept."""

import re
from typing import Final

UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What neither PostgreSQL nor UTF-8 takes: NUL and unpaired surrogates."""


def storable(text: str) -> str:
    """`text` with a replacement character for each that cannot be kept."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
