"""Nothing that was said is lost or said twice where the pieces of a recording meet."""

import random
from itertools import pairwise

import pytest

from agents.transcriber import Segment
from services.media import recordings, seams
from services.media.ffmpeg import Window

VOCABULARY = (
    "the",
    "build",
    "was",
    "slow",
    "and",
    "then",
    "we",
    "made",
    "it",
    "fast",
    "for",
    "all",
    "of",
    "teams",
)
FIRST, SECOND = Window(0, 600), Window(585, 900)


def heard(said: list[Segment], window: Window, shake: random.Random) -> list[Segment]:
    """As a model hears a piece: the words in it, in segments of its own making, with times that are about right."""
    words = [
        (one.start + (one.end - one.start) * number / len(one.text.split()), word)
        for one in said
        for number, word in enumerate(one.text.split())
    ]
    within = [(at, word) for at, word in words if window.start <= at < window.end - 0.2]
    segments = []
    while within:
        count = shake.randint(3, 14)
        part, within = within[:count], within[count:]
        text = " ".join(word for _, word in part)
        start = max(part[0][0] + shake.uniform(-0.4, 0.4), window.start)
        segments.append(Segment(start, min(part[-1][0] + 0.3, window.end), text))
    return segments


@pytest.mark.parametrize("seed", range(40))
def test_every_word_once_wherever_the_cuts_fall(seed: int) -> None:
    shake = random.Random(seed)
    said, at = [], 0.0
    while at < 890:
        text = " ".join(shake.choices(VOCABULARY, k=shake.randint(4, 12))).capitalize() + "."
        seconds = len(text.split()) * shake.uniform(0.3, 0.5)
        said.append(Segment(at, at + seconds, text))
        at += seconds + shake.choice([0.1, 0.1, 3.0])
    pieces = [(window, heard(said, window, shake)) for window in (FIRST, SECOND)]
    joined = seams.join(pieces)
    words = " ".join(one.text for one in joined).split()
    assert words == [word for one in said for word in one.text.split()]
    assert all(one.end <= other.start for one, other in pairwise(joined))
    assert all(0 <= one.start <= one.end <= 900 for one in joined)


def test_a_sentence_cut_by_both_pieces_is_one_again() -> None:
    left = [
        Segment(570, 588, "Then we looked at the numbers."),
        Segment(588, 600, "The build fell from forty to"),
    ]
    right = [
        Segment(585, 589, "the numbers. The build"),
        Segment(589, 604, "fell from forty to nine seconds. Nobody waits."),
    ]
    joined = seams.join([(FIRST, left), (SECOND, right)])
    text = " ".join(one.text for one in joined)
    assert text == "Then we looked at the numbers. The build fell from forty to nine seconds. Nobody waits."


def test_words_heard_differently_are_taken_from_one_side() -> None:
    left = [Segment(586, 591, "We met Ms. Meyer in Cologne."), Segment(592, 599, "She said that it works.")]
    right = [Segment(586, 591, "We met miss Maier in Cologne."), Segment(592, 599, "She said that it works.")]
    text = " ".join(one.text for one in seams.join([(FIRST, left), (SECOND, right)]))
    assert text in {
        "We met Ms. Meyer in Cologne. She said that it works.",
        "We met miss Maier in Cologne. She said that it works.",
    }


def test_with_nothing_in_common_the_halves_stand_and_what_one_alone_has_heard() -> None:
    left = [Segment(584, 590, "Guten Morgen."), Segment(594, 599, "Danke.")]
    right = [Segment(585, 591, "Good morning."), Segment(595, 600, "Thank you."), Segment(610, 612, "Well.")]
    assert [one.text for one in seams.join([(FIRST, left), (SECOND, right)])] == [
        "Guten Morgen.", "Thank you.", "Well.",
    ]  # fmt: skip
    deaf = [one for one in right if one.start > 600]
    assert [one.text for one in seams.join([(FIRST, left), (SECOND, deaf)])] == [
        "Guten Morgen.", "Danke.", "Well.",
    ]  # fmt: skip


def test_scripts_without_spaces_meet_at_their_characters() -> None:
    left = [Segment(585, 592, "今日は新しい機能を紹介します。"), Segment(592, 600, "とても速くなり")]
    right = [Segment(585, 591, "能を紹介します。"), Segment(591, 604, "とても速くなりました。")]
    joined = seams.join([(FIRST, left), (SECOND, right)])
    assert "".join(one.text for one in joined) == "今日は新しい機能を紹介します。とても速くなりました。"


@pytest.mark.parametrize(
    ("seconds", "last"), [(0.5, (0, 0.5)), (600, (0, 600)), (600.5, (585, 600.5)), (1200, (1170, 1200))]
)
def test_pieces_overlap_and_end_with_the_recording(seconds: float, last: tuple[float, float]) -> None:
    cut = list(recordings.windows(seconds))
    assert (cut[-1].start, cut[-1].end) == last
    for one, other in pairwise(cut):
        assert one.end - other.start == recordings.OVERLAP_SECONDS
