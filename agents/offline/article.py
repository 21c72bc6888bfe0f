"""A blog article: an opening, the sections that carry most with their lists and their code, and an ending."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import regex

from agents.metadata import words
from agents.offline.label import content_of
from agents.offline.material import Material, clipped, finished, pick
from agents.offline.outline import Part, Piece, parts
from agents.offline.ranking import Sentence
from agents.offline.sentences import ended, joined
from core.content import Content

USUAL_SHARE: Final = 0.55
"""Of the source's words."""
FEWEST_WORDS: Final = 220
MOST_WORDS: Final = 900
LEAST_PER_PART: Final = 30
LONGEST_LIST: Final = 12
LONGEST_LIST_WORDS: Final = 120
_SPECIAL: Final = regex.compile(r"[\\`*<\[\]]|(?<![^\W_])_|_(?![^\W_])|\A(?:[#>+-]|\d+[.)])(?=\s)|\A~~~")


def articles(material: Material) -> Iterator[Content]:
    """The best first; the next ones are of another length, and so leave other sentences out."""
    whole = len(words(material.article.text))
    wanted = material.words(min(MOST_WORDS, max(FEWEST_WORDS, round(whole * USUAL_SHARE))))
    for share in (1.0, 0.8, 1.2, 0.6, 1.4):
        if text := _composed(material, max(5, round(wanted * share))):
            yield content_of(material, text)
    for rest in (material.article.title, *(one.text for one in material.prose[:5]), material.rough):
        if rest:
            yield content_of(material, escaped(clipped(rest, MOST_WORDS * 10, material.policy)))


def _composed(material: Material, room: int) -> str:
    outline = parts(material)
    length = sum(part.length for part in outline) or 1
    blocks: list[str] = []
    used: list[Sentence] = []
    for part in outline:
        share = max(min(LEAST_PER_PART, room), room * part.length // length)
        section, chosen = _section(material, part, share, last=part is outline[-1])
        if section:
            blocks += [f"## {escaped(part.heading)}", *section] if part.heading and blocks else section
            used += chosen
    if blocks and not _closes(blocks[-1]) and (ending := _ending(material, used)):
        blocks.append(escaped(ending.text))
    return "\n\n".join(blocks)


def _closes(block: str) -> bool:
    """Prose that ends as a sentence; an article does not end with a list or with code."""
    return ended(block) and not block.startswith(("#", "- ", "```"))


def _section(material: Material, part: Part, room: int, *, last: bool) -> tuple[list[str], list[Sentence]]:
    listed = _lists(part, room)
    room -= sum(len(words(one.text)) for piece in listed for one in piece.sentences)
    running = [one for piece in part.pieces if piece.kind == "paragraph" for one in piece.sentences]
    usable = {one.place for one in material.prose}
    pool = [one for one in running if one.place in usable and not _unwanted(material, one)]
    if last and pool:
        # What the article closes with, it closes with.
        pool[-1] = replace(pool[-1], score=pool[-1].score + 5)
    chosen = pick(material, pool, max(room, LEAST_PER_PART)) or _best(pool)
    places = {one.place for one in chosen}
    blocks: list[str] = []
    for piece, following in zip(part.pieces, [*part.pieces[1:], None], strict=False):
        shown = following is not None and (following.code is not None or following in listed)
        if piece.code is not None:
            blocks.append(_fenced(piece))
        elif piece in listed:
            item = f"- {escaped(joined([one.text for one in piece.sentences]))}"
            chosen += piece.sentences
            if blocks and blocks[-1].startswith("- "):
                blocks[-1] += f"\n{item}"
            else:
                blocks.append(item)
        else:
            # The words that lead to a list or to code keep their colon, and stand only before it.
            lead = [one for one in piece.sentences[-1:] if one.introduces and shown]
            chosen += [one for one in lead if one.place not in places]
            said = [
                escaped(finished(one.text))
                for one in piece.sentences
                if one.place in places and one not in lead
            ]
            said += [escaped(one.text) for one in lead]
            blocks += [joined(said)] if said else []
    return blocks, chosen


def _best(pool: list[Sentence]) -> list[Sentence]:
    """Where every sentence is too long for the room: a section is not left empty for that."""
    able = [one for one in pool if not one.leans]
    return [max(able, key=lambda one: one.score)] if able else []


def _lists(part: Part, room: int) -> list[Piece]:
    """The part's list, whole or not at all."""
    items = [piece for piece in part.pieces if piece.kind == "item" and piece.sentences]
    length = sum(len(words(one.text)) for piece in items for one in piece.sentences)
    return items if len(items) <= LONGEST_LIST and length <= max(room, LONGEST_LIST_WORDS) else []


def _unwanted(material: Material, sentence: Sentence) -> bool:
    asked, previous = material.asked, material.previous.strip()
    return (asked.new_opening and previous.startswith(escaped(sentence.text))) or (
        asked.new_ending and previous.endswith(escaped(sentence.text))
    )


def _ending(material: Material, used: list[Sentence]) -> Sentence | None:
    """For an article that would close with a list or with code; rather one that stands alone, of the last section."""
    said = {one.place for one in used}
    left = [
        one for one in material.prose if one.place not in said and one.kind == "paragraph" and ended(one.text)
    ]
    able = [one for one in left if not one.question and not one.introduces and not _unwanted(material, one)]
    return max(able, key=lambda one: (not one.leans, one.section, one.score), default=None)


def escaped(text: str) -> str:
    """Plain text as Markdown that reads the same, tags and images included."""
    return _SPECIAL.sub(lambda match: "".join(_escape(character) for character in match.group()), text)


def _escape(character: str) -> str:
    return character if character.isalnum() else f"\\{character}"


def _fenced(piece: Piece) -> str:
    assert piece.code is not None
    code = piece.code.sentences[0]
    longest = max((len(run) for run in regex.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{piece.code.language}\n{code}\n{fence}"
