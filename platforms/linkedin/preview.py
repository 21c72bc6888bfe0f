"""A post as LinkedIn's feed shows it."""

from pydantic import JsonValue

from core.content import Content
from platforms.folding import folded
from platforms.linkedin.policy import FOLD_CHARACTERS, POLICY

FOLD_LINES = 3


def preview(content: Content) -> dict[str, JsonValue]:
    return folded(content, POLICY, lines=FOLD_LINES, characters=FOLD_CHARACTERS)
