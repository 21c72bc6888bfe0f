"""What an article consists of: Markdown, HTML or plain text becomes sections of paragraphs, lists and code."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby, takewhile
from typing import Final, Literal

import nh3
import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rapidfuzz import fuzz

from agents.base import Brief, Note, Source
from agents.offline.lexicon import AROUND
from agents.offline.sentences import ended, sentences

READ_LIMIT: Final = 60_000
"""Characters that are read: the length of a long essay. What matters stands before, and time has an end."""
_MARKDOWN: Final = MarkdownIt("commonmark").enable("table").disable("code")
_HTML: Final = regex.compile(
    r"(?i)\A\s*<(?:!doctype|html|body|article|main|section|div|p|h[1-6]|ul|ol|table)\b"
)
_FRONT_MATTER: Final = regex.compile(r"(?s)\A---\s*\n(.*?)\n---\s*\n")
_FRONT_TITLE: Final = regex.compile(r"(?mi)^title:\s*[\"']?(.+?)[\"']?\s*$")
_NUMBER: Final = regex.compile(r"^(?:\d{1,2}(?:\.\d{1,2})*[.)]|\d{1,2}(?:\.\d{1,2})+)\s+(?=\p{L})")
"""Before a heading: in a post, others are left out."""
_MARK: Final = regex.compile(
    r"(?<=\S)\s?\[\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*\](?=[\s.,;:!?)]|$)|"
    r"\s\((?:(?:see|cf\.|siehe|vgl\.|voir|véase)\s)?(?:Fig(?:ure|s?\.)|Table|Section|Chapter|Appendix|Abb(?:ildung|\.)|"
    r"Tabelle|Kapitel|Tableau|Tabla)\s?\d[^()]{0,40}\)"
)
"""What refers to a list of books or to a figure, neither of which a post has."""
_INVISIBLE: Final = dict.fromkeys((0x0, 0xFEFF, 0xFFFE, 0xFFFF))
"""NUL, the byte order mark and what is not a character: databases and platforms refuse them."""
TITLE_LENGTH: Final = 120
ALIKE: Final = 85
"""Of 100, rapidfuzz's ratio: a first heading that is as like the title says the same."""
PAIR: Final = 2
"""Cells of a row that can be told in words: what it is, and how much. Of wider tables nothing is said."""

Kind = Literal["paragraph", "item", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """`item`: one entry of a list. `sentences` of code are its text as it stands."""

    kind: Kind
    sentences: tuple[str, ...]
    language: str = ""


@dataclass(slots=True)
class Section:
    heading: str | None
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Article:
    title: str | None
    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """All that it says in words, code left out."""
        return "\n".join(
            " ".join(block.sentences)
            for section in self.sections
            for block in section.blocks
            if block.kind != "code"
        )


def read(brief: Brief) -> Article:
    """Where the source says nothing, the template and the title are all there is to read."""
    source = brief.source
    whole = "\n\n".join(_noted(brief.notes)) or source.text
    text = whole if whole.strip() else brief.template or source.title or " ".join(brief.keywords)
    text = text[:READ_LIMIT].translate(_INVISIBLE)
    front = _FRONT_MATTER.match(text)
    named = _FRONT_TITLE.search(front.group(1)) if front else None
    body = text[front.end() :] if front else text
    sections = _about(_sections(body))
    title = _given_title(source) or (named.group(1) if named else None) or _own_title(sections)
    title = " ".join(title.split()) if title else ""
    for number, section in enumerate(sections):
        first = not any(before.heading or before.blocks for before in sections[:number])
        if section.heading and _repeats(section.heading, title, first=first):
            section.heading = None
    return Article(title or None, tuple(section for section in sections if section.blocks))


def _about(sections: list[Section]) -> list[Section]:
    """Without the lists and notes around a text, unless there is nothing else."""
    found = [one for one in sections if (one.heading or "").rstrip(".:").casefold() not in AROUND]
    return found if any(one.blocks for one in found) else sections


def _given_title(source: Source) -> str | None:
    """A file without a title goes by its name, which is none when it is a single word: talk, IMG_2034."""
    named = source.type == "file" and len((source.title or "").split()) < 2
    return None if named else source.title


def _repeats(heading: str, title: str, *, first: bool) -> bool:
    return heading == title or (first and fuzz.ratio(heading.casefold(), title.casefold()) >= ALIKE)


def _noted(notes: Sequence[Note]) -> Iterator[str]:
    for heading, below in groupby(notes, lambda note: note.heading):
        yield from [f"## {heading}"] if heading else []
        yield from (note.text for note in below)


def _sections(text: str) -> list[Section]:
    blocks = _from_html(text) if _HTML.match(text) else _from_markdown(text)
    sections = [Section(None)]
    seen: set[str] = set()
    for kind, words, language in blocks:
        if kind == "heading":
            sections.append(Section(_NUMBER.sub("", " ".join(words.split()))))
        elif kind == "code":
            sections[-1].blocks.append(Block("code", (words,), language))
        else:
            # What the source says twice is said once.
            new = tuple(dict.fromkeys(one for one in sentences(_MARK.sub("", words)) if one not in seen))
            seen.update(new)
            if new:
                sections[-1].blocks.append(Block("item" if kind == "item" else "paragraph", new))
    return sections


def _own_title(sections: list[Section]) -> str | None:
    """The first heading when nothing comes before it, or a first line that is no sentence."""
    first = sections[0]
    if not first.blocks:
        return sections[1].heading if len(sections) > 1 else None
    opening = first.blocks[0]
    alone = len(first.blocks) == 1 and len(sections) == 1
    line = opening.sentences[0]
    if (
        alone
        or opening.kind != "paragraph"
        or len(opening.sentences) > 1
        or ended(line)
        or len(line) > TITLE_LENGTH
    ):
        return None
    del first.blocks[0]
    return line


PieceKind = Literal["heading", "paragraph", "item", "code"]
Piece = tuple[PieceKind, str, str]


def _from_markdown(text: str) -> Iterator[Piece]:
    inside: list[str] = []
    tokens = iter(_MARKDOWN.parse(text))
    for token in tokens:
        if token.type == "table_open":
            yield from _table(takewhile(lambda one: one.type != "table_close", tokens))
        elif token.type == "fence":
            yield "code", token.content.rstrip("\n"), token.info.strip()
        elif token.type == "html_block":
            yield from _from_html(token.content)
        elif token.type == "inline":
            words = _plain(token)
            if words.strip():
                yield _kind(inside), words, ""
        elif token.nesting == 1:
            inside.append(token.type)
        elif token.nesting == -1:
            inside.pop()


def _table(tokens: Iterable[Token]) -> Iterator[Piece]:
    """Its rows below the heads of its columns."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_plain(token).strip())
    for row in rows[1:]:
        if len(row) == PAIR and all(row):
            yield "item", f"{row[0].rstrip(':')}: {row[1]}", ""


def _kind(inside: list[str]) -> Literal["heading", "paragraph", "item"]:
    if "heading_open" in inside:
        return "heading"
    return "item" if "list_item_open" in inside else "paragraph"


def _plain(inline: Token) -> str:
    """Emphasis, links and tags lose their marks and keep their words; images go."""
    words = []
    for token in inline.children or ():
        if token.type in {"text", "code_inline"}:
            words.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            words.append("\n")
    return "".join(words)


_HEADINGS: Final = frozenset(f"h{level}" for level in range(1, 7))
_BLOCKS: Final = _HEADINGS | {
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "td",
    "th",
    "table",
    "section",
    "article",
}.union(("main", "header", "footer", "aside", "blockquote", "figure", "figcaption", "hr", "dt", "dd", "pre"))
_SILENT: Final = {"script", "style", "template", "noscript", "svg", "title"}


def _from_html(text: str) -> Iterator[Piece]:
    # A real parser's output is well-formed, and only on that is Python's own reader safe to run: it takes
    # quadratic time on tags that are never closed.
    clean = nh3.clean(text, tags=set(_BLOCKS), attributes={}, clean_content_tags=_SILENT, link_rel=None)
    reader = _Html()
    reader.feed(clean)
    reader.close()
    reader.flush()
    yield from reader.pieces


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self._words: list[str] = []
        self._kind: PieceKind = "paragraph"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.flush()
        self._kind = _kind_of(tag)

    def handle_endtag(self, tag: str) -> None:
        self.flush()
        self._kind = "paragraph"

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def flush(self) -> None:
        words = "".join(self._words)
        self._words.clear()
        if words.strip():
            self.pieces.append((self._kind, words.strip("\n"), ""))


def _kind_of(tag: str) -> PieceKind:
    if tag in _HEADINGS:
        return "heading"
    if tag == "li":
        return "item"
    return "code" if tag == "pre" else "paragraph"
