"""How LinkedIn reads a commentary in its "little text" format."""

import re

_PIECES = re.compile(
    r"""\\(?P<escaped>.)
    | \{hashtag\|\\?[#＃]\|(?P<template>(?:\\.|[^\\}])*)\}
    | @\[(?P<mention>(?:\\.|[^\\\]])*)\]\(urn:li:(?:person|organization):[\w-]+\)
    | \#(?P<hashtag>[^\W_]+)
    | (?P<plain>[^\\|{}@\[\]()<>\#*_~]+)""",
    re.VERBOSE | re.DOTALL,
)


def shown(commentary: str) -> str:
    """What readers see: everything up to the first reserved character that is not escaped; LinkedIn says nothing."""
    parts: list[str] = []
    position = 0
    while piece := _PIECES.match(commentary, position):
        position = piece.end()
        match piece.lastgroup:
            case "template" | "hashtag":
                parts.append("#" + re.sub(r"\\(.)", r"\1", piece[piece.lastgroup]))
            case "mention":
                parts.append(re.sub(r"\\(.)", r"\1", piece["mention"]))
            case _:
                parts.append(piece[piece.lastgroup or 0])
    return "".join(parts)
