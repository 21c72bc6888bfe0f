"""What a draft rests on in its source, and what rests on nothing."""

import time
from collections.abc import Callable

import pytest

from agents.base import Beginning, Brief, JudgeRequest, Source
from agents.grounding import UNSUPPORTED, unsupported
from agents.provenance import Claimed, statements, trace
from core.content import Content
from platforms.registry import PLATFORMS, PlatformName

MakeBrief = Callable[..., Brief]
TEXT = """The ward in Lund cut waiting times by 40% in March.

Nurses now see *1,200* patients a [month](https://a.example), and Dr. Ek says so.

## Costs
It cost 9,000 euros. - one
- two machines were bought
"""
SOURCE = Source(
    text=TEXT,
    title="A ward without a queue",
    places=(
        Beginning(at=0, kind="page", label="1"),
        Beginning(at=TEXT.index("##"), kind="page", label="2"),
    ),
)


def found(draft: str, *claimed: Claimed) -> list[tuple[str, str]]:
    return [(ground.quote, ground.source_quote) for ground in trace(draft, SOURCE, claimed)]


@pytest.mark.parametrize(
    ("draft", "source"),
    [
        ("It cost 9,000 euros.", "It cost 9,000 euros."),
        ("• It cost 9,000 euros", "It cost 9,000 euros."),
        ("In March the ward in Lund cut its waiting times: by 40%!", TEXT.splitlines()[0]),
        ("Nurses now see 1,200 patients a month, and Dr. Ek says so.", TEXT.splitlines()[2]),
        ("A ward without a queue.", "A ward without a queue"),
        ("Two machines were bought.", "- two machines were bought"),
    ],
)
def test_a_sentence_is_traced_to_the_one_that_it_is_or_comes_from(draft: str, source: str) -> None:
    ((quote, said),) = found(draft)
    assert quote == draft.removeprefix("• ")
    assert said == source


def test_headings_code_hashtags_and_inventions_rest_on_nothing() -> None:
    assert (
        found("## It cost 9,000 euros.\n\n```\nIt cost 9,000 euros.\n```\n\n#Lund #March\n\nPigs can fly.")
        == []
    )


def test_the_writers_word_counts_where_words_cannot_be_compared() -> None:
    draft = "Die Station in Schonen wartet kürzer."
    assert found(draft) == []
    assert found(draft, Claimed("Die Station in Schonen", 1)) == [(draft, TEXT.splitlines()[0])]
    assert found(draft, Claimed(draft, 99)) == []
    assert found(draft, Claimed("words that are not in it at all", 1)) == []


def test_a_ground_knows_its_page() -> None:
    grounds = trace("It cost 9,000 euros. The ward in Lund cut waiting times by 40% in March.", SOURCE)
    assert [ground.place.label for ground in grounds if ground.place] == ["2", "1"]
    assert all(ground.passage for ground in grounds)


def remarks(draft: str, feedback: str | None = None, **wishes: object) -> list[tuple[str, str]]:
    brief = Brief.model_validate({"source": SOURCE, **wishes})
    policy = PLATFORMS[PlatformName.LINKEDIN].policy
    request = JudgeRequest(
        brief, policy, Content(content=draft), grounds=trace(draft, SOURCE), feedback=feedback
    )
    return [(remark.quote, remark.instruction) for remark in unsupported(request)]


def test_numbers_names_and_assertions_without_a_source_are_found() -> None:
    kept = "The ward in Lund cut waiting times by 40% in March."
    number = "It cost 12,000 euros."
    name = "Nurses in Malmö see 1200 patients a month, says Dr. Ek."
    invented = "Everybody in the whole country wants to copy it at once."
    assert remarks(f"{kept} {number}\n\n{name} {invented}") == [
        (number, "Remove 12,000: nothing in the source says this."),
        (name, "Remove Malmö: nothing in the source says this."),
        (invented, UNSUPPORTED),
    ]


def test_what_asks_or_addresses_or_was_asked_for_needs_no_source() -> None:
    assert (
        remarks("How would a ward without any queue feel to patients? You could try it at home, too.") == []
    )
    assert remarks("It cost 9,000 euros, 750 a month.", feedback="Say that it is 750 a month.") == []
    assert (
        remarks(
            "The ward in Lund cut waiting times by 40% in March. So says Region Skåne.",
            template="For Region Skåne",
        )
        == []
    )


def test_capitals_of_german_nouns_are_no_names() -> None:
    german = Source(text="Die Station hat die Wartezeit um 40 % gesenkt. Das kostete 9000 Euro.")
    draft = "Die Station hat die Wartezeit um 40 % gesenkt. Die Kosten und die Mühe der Pflege: 9000 Euro."
    request = JudgeRequest(
        Brief(source=german),
        PLATFORMS[PlatformName.LINKEDIN].policy,
        Content(content=draft),
        grounds=trace(draft, german),
    )
    assert [remark.instruction for remark in unsupported(request)] in ([], [UNSUPPORTED])


def test_a_long_source_is_looked_through_once_and_not_for_each_sentence() -> None:
    said = [
        f"In {1900 + n} the harbour of Lund took {n * 3} ships, and the town was glad." for n in range(60)
    ]
    brief = Brief(source=Source(text=" ".join(said) * 200))
    policy = PLATFORMS[PlatformName.BLOG].policy
    started = time.process_time()
    assert unsupported(JudgeRequest(brief, policy, Content(content="\n".join(said[2:])))) != ()
    assert time.process_time() - started < 2


def test_every_statement_stands_in_the_draft(brief: MakeBrief) -> None:
    draft = "1. First thing.\n2. Second “thing”. Third!\n\n> Quoted."
    assert [draft[start:end] for start, end in statements(draft)] == [
        "First thing.",
        "Second “thing”.",
        "Third!",
        "Quoted.",
    ]
