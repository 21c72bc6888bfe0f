import pytest

from services.reviewing.diffs import MOST_PIECES, Change, words

SAME = "one two three "


def test_words_that_changed_are_told() -> None:
    assert words("Tea is hot, and good for you, mostly.", "Tea is very hot, and good for you.") == [
        Change("equal", "Tea is "),
        Change("insert", "very "),
        Change("equal", "hot, and good for you"),
        Change("delete", ", mostly"),
        Change("equal", "."),
    ]


def test_what_two_phrases_happen_to_share_is_not_told_apart() -> None:
    before = "It is fast. The old loader read every module at the start, and most were never used."
    after = "It is fast. Today a module is loaded by the first request that needs it."
    assert [change.op for change in words(before, after)] == ["equal", "delete", "insert", "equal"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("", "new"),
        ("old", ""),
        ("same", "same"),
        ("a\r\nb\n\n", "a\n  c"),
        ("👩‍👩‍👧 שלום", "👩‍👧 שלום!"),
        (SAME * MOST_PIECES + "\nold\n", SAME * MOST_PIECES + "\nnew\n"),
        ("a b\n" * (MOST_PIECES + 1), "b a\n" * (MOST_PIECES + 1)),
    ],
)
def test_both_texts_can_be_put_together_again(before: str, after: str) -> None:
    changes = words(before, after)
    assert "".join(change.text for change in changes if change.op != "insert") == before
    assert "".join(change.text for change in changes if change.op != "delete") == after


def test_long_texts_are_compared_by_lines() -> None:
    long = SAME * MOST_PIECES
    assert words(f"{long}\nold\n", f"{long}\nnew\n") == [
        Change("equal", f"{long}\n"),
        Change("delete", "old\n"),
        Change("insert", "new\n"),
    ]
