import pytest

from services.style.style_habits import Edit, american, habits, rule

LONG = "We measured every restore for a year and wrote down what it took and who was needed for each of them."


def told(before: str, after: str, **titles: str) -> dict[str, str]:
    """Kind: the rule, of all that shows."""
    edit = Edit(before, after, **titles)
    return {habit.kind: rule(habit, [edit]) for habit in habits(edit)}


@pytest.mark.parametrize(
    ("before", "after", "kind", "words"),
    [
        ("We ship. And you?", "We ship.", "closing_question", "End without a question."),
        ("We ship. And you?\n\n#ship", "We ship.\n\n#ship", "closing_question", "End without a question."),
        ("We ship. #tea #Kräuter", "We ship.", "hashtags", "Use no hashtags."),
        ("We ship 🎉.", "We ship.", "emoji", "Use no emoji."),
        ("We ship!", "We ship.", "exclamation_marks", "Use no exclamation marks."),
        ("Ours:\n\n- tea\n- cups", "Ours: tea, cups", "bullets", "Use no bullet points."),
        (LONG, LONG[:50], "length", "Use at most 10 words."),
        ("We organise tea.", "We organize tea.", "spelling", "Use American spelling."),
        ("The color of tea.", "The colour of tea.", "spelling", "Use British spelling."),
        ("Then I went home.", "Then we went home.", "we", "Write “we” and “our”, not “I” and “my”."),
        ("We utilize tea.", "We use tea.", "word", "Write “use” instead of “utilize”."),
    ],
)
def test_what_is_changed_is_told_in_words(before: str, after: str, kind: str, words: str) -> None:
    assert told(before, after) == {kind: words}
    assert told(after, after) == {}
    assert words not in told(after, before).values(), "and not the other way round"


def test_titles_tell_of_their_case_and_nothing_else() -> None:
    big, small = "Backups Nobody Ever Tries", "Backups nobody ever tries"
    assert told("x", "x", title_before=big, title_after=small) == {
        "sentence_case": "Write titles in sentence case."
    }
    assert told("x", "x", title_before=small, title_after=big) == {
        "title_case": "Write titles in title case."
    }
    assert told("x", "x", title_before=big, title_after="Another one") == {}


def test_what_stays_or_is_common_is_no_habit() -> None:
    assert told("Issue #12 is C# & tea.", "Issue is C# & tea.") == {}
    assert told("We ship! Now!", "We ship now!") == {}
    assert told("It is with tea.", "It is from tea.") == {}
    assert told("One? Two?", "One? Both?") == {}


@pytest.mark.parametrize(
    ("british", "word"),
    [("organisation", "organization"), ("centre", "center"), ("travelled", "traveled"), ("defence", "defense"),
     ("analyse", "analyze"), ("behaviour", "behavior"), ("hour", "hour"), ("tea", "tea")],
)  # fmt: skip
def test_american_spelling_follows_by_rule(british: str, word: str) -> None:
    assert american(british) == word == american(word)
