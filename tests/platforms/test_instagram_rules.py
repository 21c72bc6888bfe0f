"""Instagram's rules, and what its app shows of a caption."""

from __future__ import annotations

import pytest

from core.content import Content, Media
from platforms.instagram import PLATFORM


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://example.com/a.JPG?format=.png", []),
        ("https://example.com/v1/public/files/abc", []),
        ("https://example.com/a.PNG?width=9", ["image_type"]),
        ("pictures/a.webp", ["image_address", "image_type"]),
    ],
)
def test_what_an_address_says_of_its_picture_is_said_at_the_review(address: str, expected: list[str]) -> None:
    content = Content(content="A caption", media=(Media(url=address, alt_text="A light"),))
    violations = PLATFORM.policy.violations(content)
    assert [each.code for each in violations] == expected
    assert PLATFORM.policy.for_writer(violations) == ()


@pytest.mark.parametrize(
    ("text", "images", "expected"),
    [
        ("A caption", 1, []),
        ("A caption", 0, ["image_missing"]),
        ("A caption", 11, ["too_many_media"]),
        ("a" * 2201, 1, ["too_long"]),
        ("#tag " * 30, 1, []),
        ("#tag " * 31, 1, ["too_many_hashtags"]),
        ("We are #1 " * 31, 1, []),
        ("@some.one " * 20, 1, []),
        ("@some.one " * 21, 1, ["too_many_mentions"]),
        ("me@example.com " * 21, 1, []),
    ],
)
def test_rules(text: str, images: int, expected: list[str]) -> None:
    media = tuple(Media(url=f"https://example.com/{n}.jpg", alt_text="A light") for n in range(images))
    violations = PLATFORM.policy.violations(Content(content=text, media=media))
    assert [each.code for each in violations] == expected
    missing = [each for each in violations if each.code == "image_missing"]
    assert PLATFORM.policy.for_writer(violations) == tuple(each for each in violations if each not in missing)


def test_the_app_folds_a_caption_after_some_125_characters() -> None:
    shown = PLATFORM.preview(Content(content="a" * 200))
    assert (len(str(shown["visible"])), len(str(shown["folded"]))) == (125, 75)
    assert PLATFORM.preview(Content(content="One.\n\nTwo."))["folded"] == "\nTwo."
