"""Each platform's rules, by the numbers of its own documentation."""

import pytest

from core.content import Content, Media
from platforms.registry import PLATFORMS, PlatformName


def codes(platform: str, content: Content) -> list[str]:
    return [violation.code for violation in PLATFORMS[PlatformName(platform)].policy.violations(content)]


def test_every_platform_is_registered_under_its_own_name() -> None:
    assert {name: platform.name for name, platform in PLATFORMS.items()} == {
        name: name for name in PlatformName
    }


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("plain", 5),
        ("日本語", 6),
        ("👨‍👩‍👧‍👦", 2),
        ("https://example.com/a/very/long/path?with=a&query=too", 23),
        ("see example.com now", 31),
        ("cafe\u0301", 4),
    ],
)
def test_x_counts_as_x_does(text: str, length: int) -> None:
    assert PLATFORMS[PlatformName.X].policy.measure(text) == length


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 280, []),
        ("a" * 281, ["too_long"]),
        ("日" * 141, ["too_long"]),
        ("$TSLA is up", []),
        ("$TSLA and $AAPL", ["too_many_cashtags"]),
        ("It costs $5 and $10", []),
        ("look https://x.com/someone/status/123456", ["quote_post"]),
        ("hidden\ufeff", ["forbidden_character"]),
        ("", ["empty"]),
        (" \n", ["empty"]),
        ("مرحبا بالعالم", []),
        ("🎉🎉🎉", []),
        ("<b>bold</b>", []),
    ],
)
def test_x(text: str, expected: list[str]) -> None:
    assert codes("x", Content(content=text)) == expected


def test_a_text_far_over_the_limit_is_measured_quickly() -> None:
    assert codes("x", Content(content="example.com " * 80_000)) == ["too_long"]


@pytest.mark.parametrize(("text", "cost"), [("no link", "0.015"), ("a link: example.com", "0.20")])
def test_x_charges_more_for_a_link(text: str, cost: str) -> None:
    assert PLATFORMS[PlatformName.X].policy.cost_usd(Content(content=text)) == cost


def test_linkedin_counts_characters_before_they_are_escaped() -> None:
    assert codes("linkedin", Content(content="(" * 3000)) == []
    assert codes("linkedin", Content(content="(" * 3001)) == ["too_long"]


def test_linkedin_counts_an_emoji_as_its_composer_does() -> None:
    assert codes("linkedin", Content(content="🎉" * 1500)) == []
    assert codes("linkedin", Content(content="🎉" * 1501)) == ["too_long"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"title": "A title"}, []),
        ({}, ["title_missing"]),
        ({"title": "t" * 256}, ["title_too_long"]),
        ({"title": "t", "excerpt": "e" * 301}, ["excerpt_too_long"]),
        ({"title": "t", "tags": ["fine", "#internal", ""]}, ["tag_invalid", "tag_invalid"]),
        ({"title": "t", "tags": ["t" * 192]}, ["tag_too_long"]),
    ],
)
def test_blog_metadata(metadata: dict[str, object], expected: list[str]) -> None:
    content = Content.model_validate({"content": "Words.", "metadata": metadata})
    assert codes("blog", content) == expected


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("![a cat](https://example.com/cat.png)", []),
        ("![](https://example.com/cat.png)", ["alt_text_missing"]),
        ("![a cat](cat.png)", ["image_address"]),
        ("![a cat](file:///etc/passwd)", []),  # not an image at all: the parser refuses such addresses
    ],
)
def test_blog_images(markdown: str, expected: list[str]) -> None:
    assert codes("blog", Content(content=markdown, metadata={"title": "t"})) == expected


@pytest.mark.parametrize("platform", list(PlatformName))
def test_images_need_alternative_text(platform: PlatformName) -> None:
    media = (Media(url="https://example.com/cat.jpg"),)
    content = Content(content="Words.", metadata={"title": "t"}, media=media)
    assert codes(platform, content) == ["alt_text_missing"]


@pytest.mark.parametrize("platform", list(PlatformName))
def test_a_violation_names_a_field_and_a_remedy(platform: PlatformName) -> None:
    (violation, *_) = PLATFORMS[platform].policy.violations(Content(content="x" * 1_000_001))
    assert violation.field.startswith("/")
    assert violation.remedy
