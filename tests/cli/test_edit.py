"""A draft as a file: nothing typed is lost, nothing else is sent."""

from pathlib import Path
from uuid import uuid4

import pytest

from cli import edit
from cli.answers import Draft

ARTICLE = Draft(
    id=uuid4(),
    content="# Not a comment\n\nThe text.",
    metadata={"title": "Harbour 4.0: backups", "tags": ["one", "two"], "keywords": ["kept"]},
)
NAMES = edit.fields(ARTICLE, {"title": "", "excerpt": "", "tags": []})


def _without(text: str, *removed: str) -> str:
    for part in removed:
        assert part in text
        text = text.replace(part, "", 1)
    return text


def test_an_untouched_file_changes_nothing() -> None:
    text = edit.compose(ARTICLE, NAMES)
    assert NAMES == ("title", "excerpt", "tags")
    assert edit.changes(ARTICLE, NAMES, text) == {}
    assert edit.changes(ARTICLE, NAMES, text.replace("\n", "\r\n") + "\r\n\r\n") == {}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("The text.", "Other words.", {"content": "# Not a comment\n\nOther words."}),
        ("4.0: backups", "5.0: more: colons", {"metadata": {"title": "Harbour 5.0: more: colons"}}),
        ("one, two", "two,three ,", {"metadata": {"tags": ["two", "three"]}}),
        ("title: Harbour 4.0: backups", "title:", {"metadata": {"title": None}}),
        ("excerpt:", "excerpt: In short.", {"metadata": {"excerpt": "In short."}}),
    ],
)
def test_only_what_was_changed_is_sent(old: str, new: str, changed: dict[str, object]) -> None:
    text = edit.compose(ARTICLE, NAMES)
    assert old in text
    assert edit.changes(ARTICLE, NAMES, text.replace(old, new, 1)) == changed


def test_a_file_without_a_header_is_the_text_alone() -> None:
    assert edit.changes(ARTICLE, NAMES, "Only this.\n\n---\nAnd a rule.\n") == {
        "content": "Only this.\n\n---\nAnd a rule."
    }


@pytest.mark.parametrize("damage", ["\n---\n# Not", "title: "])
def test_a_damaged_header_says_so(damage: str) -> None:
    text = _without(edit.compose(ARTICLE, NAMES), damage)
    with pytest.raises(edit.HeaderUnreadable):
        edit.changes(ARTICLE, NAMES, text)


def test_notes_replace_earlier_notes_and_leave_the_text_alone() -> None:
    script = Draft(id=uuid4(), content="#! /bin/sh\n---\ntrue")
    text = edit.annotate(edit.compose(script, ()), ["301 characters;\nat most 280."])
    again = edit.annotate(text, ["281 characters."])
    assert "#! 301 characters; at most 280.\n" in text
    assert "301" not in again
    assert "#! 281 characters." in again
    assert edit.changes(script, (), again) == {}


def test_notes_find_a_place_where_the_header_is_gone() -> None:
    text = edit.annotate("Only this.", ["Too long."])
    assert edit.changes(ARTICLE, NAMES, text) == {"content": "Only this."}


def test_an_editor_that_fails_leaves_the_text_in_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(edit.EditorFailed) as raised:
        edit.in_editor("my words")
    assert "The text is in " in raised.value.detail
    path = raised.value.detail.rpartition(" ")[2].rstrip(".")
    kept = Path(path)
    assert kept.read_text() == "my words"
    assert kept.stat().st_mode & 0o077 == 0
    kept.unlink()
