"""A post as Instagram's app shows it."""

from pydantic import JsonValue

from core.content import Content
from platforms.folding import folded
from platforms.instagram.policy import FOLD_CHARACTERS, POLICY

FOLD_LINES = 2


def preview(content: Content) -> dict[str, JsonValue]:
    return folded(content, POLICY, lines=FOLD_LINES, characters=FOLD_CHARACTERS)
