"""What of a feed's document is an entry, and what is no feed."""

from html import escape

import pytest

from services.syndication import feed_parsing

ATOM = """<?xml version="1.0" encoding="iso-8859-1"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Caf\xe9</title>
<link rel="alternate" href="/"/>
<entry><id>tag:a</id><title type="html">&lt;b&gt;Bold&lt;/b&gt; caf\xe9</title><link href="one"/>
<updated>2026-11-02T10:00:00+02:00</updated>
<content type="html">&lt;h2&gt;Two&lt;/h2&gt;&lt;p&gt;A &amp;amp; B&lt;script&gt;x()&lt;/script&gt;&lt;/p&gt;</content></entry>
<entry><title>No link, no id</title><summary>Plain</summary></entry><entry></entry></feed>"""


def test_atom_in_another_charset_with_relative_links() -> None:
    found = feed_parsing.parse(
        ATOM.encode("latin-1"), "https://example.com/blog/feed", "application/atom+xml"
    )
    assert found is not None
    assert (found.title, found.site_url) == ("Café", "https://example.com/")
    first, second = found.entries
    assert (first.title, first.url, first.guid) == ("Bold café", "https://example.com/blog/one", "tag:a")
    assert first.text == "## Two\n\nA & B"
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-11-02T08:00:00+00:00"
    assert (second.guid, second.url, second.text) == ("No link, no id", None, "Plain")


def test_what_a_program_adds_is_no_part_of_an_entry() -> None:
    said = (
        "<p>Tea is old <img alt='🍵'/>.</p><figure><img alt='A chart of cups'/><figcaption>Cups.</figcaption></figure>"
        "<table><tr><th>City</th><th>Cups</th></tr><tr><td></td><td>12</td></tr></table>"
        "<p>The post <a href='/'>Tea</a> appeared first on <a href='/'>The club</a>.</p>"
    )
    item = f"<item><guid>1</guid><description>{escape(said)}</description></item>"
    body = f"<rss version='2.0'><channel><title>T</title>{item}</channel></rss>"
    found = feed_parsing.parse(body.encode(), "https://example.com/", "application/rss+xml")
    assert found is not None
    assert found.entries[0].text == "Tea is old 🍵.\n\n| City | Cups |\n| --- | --- |\n|  | 12 |"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe<rss",
        b"Only words",
        b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><html>&a;</html>",
    ],
)
def test_what_is_no_feed_is_none(body: bytes) -> None:
    assert feed_parsing.parse(body, "https://example.com/", "text/xml") is None


def test_entities_reach_nothing_and_do_not_grow() -> None:
    bomb = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10 if n else 'aaaaaaaaaa'}'>" for n in range(9))
    hostile = (
        f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY f SYSTEM 'file:///etc/passwd'>{bomb}]><rss version='2.0'>"
        "<channel><title>T</title><item><guid>1</guid><title>&f;&a8;</title>"
        "<description>\u0000 &#0; fine</description><pubDate>Mon, 02 Nov 99999 10:00:00 GMT</pubDate></item>"
        "</channel></rss>"
    )
    found = feed_parsing.parse(hostile.encode(), "https://example.com/", "application/xml")
    assert found is not None
    [entry] = found.entries
    assert "root:" not in f"{entry}"
    assert len(f"{entry}") < 1000
    f"{entry}".encode()
