"""Quotes found in texts and in HTML, whatever is in them."""

from web.pages.reviews.quotes import in_html, marked, plain, spans


def test_quotes_may_overlap_and_may_be_missing() -> None:
    text = "One <two> three four."
    found = spans(
        text, {"clarity": "<two> three", "grammar": "three four.", "engagement": "five", "style": " "}
    )
    assert [*found] == ["clarity", "grammar"]
    html = str(marked(text, found))
    assert html.startswith(
        'One <mark data-quote="clarity">&lt;two&gt; </mark><mark data-quote="clarity grammar">'
    )
    assert html.index('id="quote-clarity"') < html.index('<mark data-quote="grammar"> four.</mark>')


def test_a_quote_is_cut_at_the_fold() -> None:
    text = "Before the fold and after."
    found = spans(text, {"clarity": "fold and"})
    assert "quote-clarity" not in marked(text[:15], found)
    assert str(marked(text[15:], found, 15)).startswith('<mark data-quote="clarity"> and</mark><sup')


def test_marks_go_around_tags_and_leave_them_as_they_are() -> None:
    html = '<p>Tea &amp; <strong title="a > b">very</strong> hot</p>\n<pre><code>x &lt; y</code></pre>'
    assert in_html(html, {}) == (html, frozenset())
    made, found = in_html(html, {"clarity": "& very hot", "grammar": "x < y", "engagement": "<strong>"})
    assert found == {"clarity", "grammar"}
    assert '<strong title="a > b"><mark data-quote="clarity">very</mark></strong>' in made
    assert '<mark data-quote="grammar">x &lt; y</mark>' in made
    assert plain(made.replace("</mark>", "")).startswith("Tea & very hot")


def test_pictures_load_late_and_links_open_beside() -> None:
    html = (
        '<p><img src="https://a.example/p.png" alt="A"> <a href="https://b.example/" rel="noopener">b</a></p>'
    )
    made, _ = in_html(html, {})
    assert (
        '<img referrerpolicy="no-referrer" loading="lazy" decoding="async" src="https://a.example/p.png"'
        in made
    )
    assert '<a target="_blank" href="https://b.example/" rel="noopener">' in made
