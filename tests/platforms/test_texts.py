"""What the platforms do to a text on its way out and back."""

import re
import string
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twitter_text import parse_tweet

from core.content import Content
from platforms.article import images, passage, render
from platforms.blog.policy import POLICY as BLOG
from platforms.email.policy import POLICY as EMAIL
from platforms.linkedin.littletext import RESERVED, decode, encode
from platforms.x.text import Link, as_written, canonical, measure
from simulators.littletext import shown

texts = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("\\|{}@[]()<>#*_~ a1")))


@given(texts)
def test_escaping_is_undone_by_reading(text: str) -> None:
    assert decode(encode(text)) == text


@given(texts)
def test_linkedin_shows_exactly_what_was_written(text: str) -> None:
    """`shown` is the simulator's own reading of the format, which cuts at whatever is not escaped."""
    assert shown(encode(text)) == text


def test_unescaped_text_would_be_cut() -> None:
    assert shown("A fact (with a source) that matters") == "A fact "


@given(st.text(alphabet=sorted(RESERVED)))
def test_every_reserved_character_is_escaped(text: str) -> None:
    assert encode(text) == "".join(f"\\{character}" for character in text)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("#Python rocks", "{hashtag|\\#|Python} rocks"),
        ("C# and #1", "C\\# and \\#1"),
        ("#snake_case", "\\#snake\\_case"),
        ("https://a.b/#part", "https://a.b/\\#part"),
        ("hi @you (all)", "hi \\@you \\(all\\)"),
    ],
)
def test_hashtags_stay_links(text: str, encoded: str) -> None:
    assert encode(text) == encoded


@given(st.text(alphabet=string.ascii_letters + " .,"), st.text(alphabet=string.ascii_letters + " .,"))
def test_longer_text_never_counts_less(text: str, more: str) -> None:
    assert measure(text + " " + more) >= measure(text)


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.text(alphabet="aé1 .-/:?=_#@$&\r\n\u0301\u0308\u2019\u2013\u2026\u00ad©™🎉"),
            st.sampled_from(
                [
                    "http://",
                    "https://t.co/aB1",
                    "a.com",
                    "é.com",
                    "b.de/ä(x)",
                    "éa.com",
                    "_",
                    "1⃣",
                    "\r\n",
                    "…",
                ]
            ),
        ),
        max_size=12,
    ).map("".join)
)
@example("See http://éa.com/x.y and a.comé.org/path, b.co.uk?q=a.com.")
def test_a_text_counts_as_xs_own_parser_counts_it(text: str) -> None:
    assert measure(text) == parse_tweet(text).weightedLength


@given(st.text(alphabet=string.ascii_letters + " &<>'\"日🎉"))
def test_xs_entities_do_not_hide_a_text(text: str) -> None:
    given_back = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert canonical(as_written(given_back, [])) == canonical(text)


def test_xs_short_links_do_not_hide_a_text() -> None:
    shortened = [
        Link(url="https://t.co/abc", expanded_url="http://Example.com/"),
        Link(url="https://t.co/img", expanded_url="https://x.com/u/status/1/photo/1", media_key="3_1"),
    ]
    given_back = as_written("See https://t.co/abc &amp; think https://t.co/img", shortened)
    assert canonical(given_back) == canonical("See example.com & think")


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("[]()<>!:javscript"))))
def test_no_markdown_makes_active_html(markdown: str) -> None:
    html = render(Content(content=markdown, metadata={"title": "t"}))
    assert "<script" not in html.lower()
    addresses = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert [
        a for a in addresses if ":" in a.split("/")[0] and not a.startswith(("http:", "https:", "mailto:"))
    ] == []


def test_markdown_becomes_clean_html() -> None:
    markdown = "# T\n\n## Part\n\n**bold** <script>alert(1)</script> [x](javascript:alert(1)) ![cat](https://a.b/c.png)"
    html = render(
        Content(content=markdown, metadata={"title": "T"}), {"https://a.b/c.png": "https://blog/c.png"}
    )
    assert "<h1>" not in html
    assert "<h2>Part</h2>" in html
    assert "<strong>bold</strong> &lt;script&gt;" in html
    assert 'href="javascript' not in html
    assert '<img src="https://blog/c.png" alt="cat">' in html


def test_a_first_heading_that_is_not_the_title_stays() -> None:
    assert "<h1>Other</h1>" in render(Content(content="# Other", metadata={"title": "T"}))


@pytest.mark.parametrize("worst", ["![", "|a|b|\n|-|-|\n", "- a\n"])
def test_what_takes_long_to_render_is_shown_as_typed_and_not_published(worst: str) -> None:
    content = Content(content=worst * 50_000, metadata={"title": "t"})
    for policy in (BLOG, EMAIL):
        assert "too_many_marks" in {each.code for each in policy.violations(content)}
    started = time.process_time()
    assert render(content) == passage(content.content) == f"<pre>{content.content}</pre>"
    assert images(content.content) == {}
    assert time.process_time() - started < 1
    fewer = Content(content=worst * 2000, metadata={"title": "t"})
    assert "too_many_marks" not in {each.code for each in BLOG.violations(fewer)}
    assert not render(fewer).startswith("<pre>")
