"""Passages: the same words always have the same number, and every word has one."""

import time

import pytest

from agents.base import Beginning, Source
from agents.metadata import words
from agents.passages import MOST_WORDS, notes, numbered, passages

SENTENCE = "One two three four five six."
SOURCE = Source(
    title="The title",
    text=f"Opening words.\n\n## Growth\n\n{' '.join([SENTENCE] * 50)}\n\n### Costs\nThey fell.\n\n- by 4%\n- by half",
    places=(Beginning(at=0, kind="page", label="1"), Beginning(at=30, kind="page", label="2")),
)


def test_a_source_is_cut_into_paragraphs_at_sentences_with_heading_and_place() -> None:
    found = passages(SOURCE)
    assert [passage.number for passage in found] == list(range(1, len(found) + 1))
    assert all(SOURCE.text[each.start :].startswith(each.text) for each in found)
    assert all(len(words(each.text)) <= MOST_WORDS for each in found)
    assert words(" ".join(each.text for each in found)) == words(SOURCE.text)
    assert [each.heading for each in found] == [None, "Growth", "Growth", "Growth", "Costs"]
    assert all(each.text.endswith((".", "half")) for each in found)
    assert [each.place.label for each in found if each.place] == ["1", "1", "2", "2", "2"]
    assert numbered(SOURCE)[0].text == "The title"
    assert [note.text for note in notes(SOURCE)][-1].startswith("They fell.")


@pytest.mark.parametrize(
    "text",
    [
        "word " * 50_000,
        "x" * 250_000,
        "漢字の文。" * 50_000,
        "Word. " * 40_000,
        "a\n\n" * 80_000,
        "(" * 250_000,
    ],
    ids=["no end", "no blank", "no spaces", "short sentences", "lines", "brackets"],
)
def test_whatever_it_is_a_quarter_of_a_million_characters_are_cut_soon(text: str) -> None:
    started = time.process_time()
    found = passages(Source(text=text))
    assert time.process_time() - started < 1
    assert "".join("".join(each.text.split()) for each in found) == "".join(text.split())


def test_nothing_has_no_passages() -> None:
    assert passages(Source(text=" \n\n ")) == ()
