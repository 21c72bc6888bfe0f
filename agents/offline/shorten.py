"""The same sentence with less around it; nothing is added and nothing that carries the statement is dropped."""

from collections.abc import Iterator
from typing import Final

import regex

_BRACKET: Final = regex.compile(r"\s*\([^()]*\)")
_ASIDE: Final = regex.compile(r"\s*(?:–|—)\s[^–—]+\s(?:–|—)\s*")
_RELATIVE: Final = regex.compile(r"^([^\"“„«]{40,}?), (?:which|who|where|whose) [^,;:\"“]+([.!])$")
_LINKING: Final = regex.compile(
    r"^(?:However|Therefore|Moreover|Furthermore|In addition|In fact|Indeed|Of course|For example|For instance|"
    r"Meanwhile|As a result|Nevertheless|Finally|Unfortunately|Fortunately), (\p{L})"
)


def shorter(sentence: str) -> Iterator[str]:
    """Each step leaves a little more out; only what differs from the step before is given."""
    last = sentence
    for step in (_without_link, _without_asides, _without_relative):
        text = step(last)
        if text != last:
            last = text
            yield text


def _without_link(text: str) -> str:
    return _LINKING.sub(lambda match: match.group(1).upper(), text)


def _without_asides(text: str) -> str:
    return _ASIDE.sub(" ", _BRACKET.sub("", text))


def _without_relative(text: str) -> str:
    return _RELATIVE.sub(r"\1\2", text)
