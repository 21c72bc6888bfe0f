"""What a post must look like on each platform beyond the platform's own rules: measured, not felt.

LinkedIn: a hook, which is a whole sentence that ends within the first 200 characters; short paragraphs; plain text.
Instagram: the same, with a hook of 120 characters.
X: one complete thought: it stands on its own and ends as a sentence, with no cut words and no ellipsis.
Blog: a title, an opening paragraph, headings, and an ending in prose.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import regex

from agents.metadata import words
from agents.offline.lexicon import LEANING
from agents.offline.sentences import balanced, ended, sentences
from agents.signs import CODE
from core.content import Content

HOOK_CHARACTERS: Final = 200
HOOKS: Final[Mapping[str, int]] = {"instagram": 120}
"""Platforms that fold a text earlier than LinkedIn does."""
PARAGRAPH_CHARACTERS: Final = 320
PARAGRAPH_SENTENCES: Final = 3
HEADINGS_FROM_WORDS: Final = 120
"""A text that is shorter than this needs no headings."""
_MARKDOWN: Final = regex.compile(r"(?m)^#{1,6} |\*\*[^*\n]+\*\*|^```|\[[^\[\]\n]+\]\([^()\n]+\)")
_HEADING: Final = regex.compile(r"(?m)^#{2,4} +(\S.*)$")
_LETTER: Final = regex.compile(r"\p{L}")
_BREAK: Final = regex.compile(r"(?m)^[ \t]*---[ \t\r]*$")
_THREAD: Final = regex.compile(r"(?:^|\s)\d{1,2}/\d{0,2}(?:\s|$)|🧵")


@dataclass(frozen=True, slots=True)
class Flaw:
    """`quote` is a span of the text; `instruction` is what the writer is told."""

    code: str
    quote: str
    instruction: str


def flaws(platform: str, content: Content) -> tuple[Flaw, ...]:
    """Empty when the text has the platform's shape; a platform without one here has no shape to miss."""
    shape = SHAPES.get(platform)
    return tuple(shape(content)) if shape and content.content.strip() else ()


def hook_characters(platform: str) -> int:
    """How long a first sentence may be that is to be read before the text is folded."""
    return HOOKS.get(platform, HOOK_CHARACTERS)


def _in_a_feed(platform: str, label: str, content: Content) -> list[Flaw]:
    text = content.content.strip()
    paragraphs = [paragraph.strip() for paragraph in regex.split(r"\n\s*\n", text) if paragraph.strip()]
    found = []
    first = sentences(paragraphs[0])[0]
    if len(first) > hook_characters(platform):
        most = hook_characters(platform)
        found.append(Flaw("hook", first, f"Rewrite the opening: one sentence of at most {most} characters."))
    elif not _complete(first):
        found.append(Flaw("hook", first, "Change the opening to a whole sentence that says something."))
    for paragraph in paragraphs:
        prose = [line for line in paragraph.splitlines() if not line.startswith(("•", "-", "→", "#"))]
        length = max((len(line) for line in prose), default=0)
        if length > PARAGRAPH_CHARACTERS or len(sentences(" ".join(prose))) > PARAGRAPH_SENTENCES:
            found.append(Flaw("paragraph", paragraph, "Use short paragraphs: three sentences at most."))
            break
    if not _complete(paragraphs[-1].splitlines()[-1]):
        found.append(Flaw("ending", paragraphs[-1][-120:], "Add an ending: a whole sentence."))
    if mark := _MARKDOWN.search(text):
        found.append(Flaw("markdown", mark.group(), f"Remove the Markdown; {label} shows it as it is typed."))
    return found


def _x(content: Content) -> list[Flaw]:
    """Of a thread, each part: where there may be none, the policy says so."""
    return [flaw for part in _BREAK.split(content.content) if part.strip() for flaw in _x_post(part.strip())]


def _x_post(text: str) -> list[Flaw]:
    found = []
    last = sentences(text)[-1]
    if not _complete(last):
        found.append(Flaw("unfinished", last, "End with a whole sentence; nothing cut, no ellipsis."))
    if _THREAD.search(text):
        found.append(Flaw("thread", text[:40], "Leave out the numbers of a thread's parts."))
    first = words(text[:60])
    if first and first[0].casefold() in LEANING:
        found.append(Flaw("leaning", first[0], "Start with a sentence that needs none before it."))
    if not balanced(text):
        found.append(Flaw("quotation", last, "Close the quotation or the bracket, or shorten without it."))
    if mark := _MARKDOWN.search(text):
        found.append(Flaw("markdown", mark.group(), "Remove the Markdown; X shows it as it is typed."))
    return found


def _blog(content: Content) -> list[Flaw]:
    text = CODE.sub("```", content.content.strip())
    found = []
    if not content.title.strip():
        found.append(Flaw("title", "", "Give it a title."))
    headings = _HEADING.findall(text)
    if len(words(text)) >= HEADINGS_FROM_WORDS and len(headings) < 2:
        found.append(Flaw("headings", text[:80], "Divide the text with at least two headings (##)."))
    if content.title.strip() in headings:
        found.append(Flaw("title_repeated", content.title, "Remove the heading that repeats the title."))
    blocks = [block.strip() for block in regex.split(r"\n\s*\n", text) if block.strip()]
    if blocks[0].startswith("#"):
        found.append(Flaw("opening", blocks[0], "Open with a paragraph before the first heading."))
    if any(one.startswith("#") and two.startswith("#") for one, two in pairwise(blocks)):
        found.append(Flaw("empty_section", blocks[-1][:80], "Write something below each heading."))
    last = blocks[-1]
    if last.startswith(("#", "- ", "* ", "```", "|")) or not _complete(sentences(last)[-1]):
        found.append(Flaw("ending", last[-120:], "Add an ending: a closing paragraph in whole sentences."))
    return found


SHAPES: Final[Mapping[str, Callable[[Content], list[Flaw]]]] = {
    "linkedin": partial(_in_a_feed, "linkedin", "LinkedIn"),
    "x": _x,
    "blog": _blog,
    "instagram": partial(_in_a_feed, "instagram", "Instagram"),
}


def _complete(sentence: str) -> bool:
    """Ends as a sentence; what has no letters, an emoji for instance, is complete as it is."""
    if not _LETTER.search(sentence) or sentence.startswith("#"):
        return True
    return ended(sentence) and not sentence.endswith(("…", "..."))
