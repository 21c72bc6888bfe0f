"""What is text already: subtitles, Markdown, pages, in whichever charset."""

import time

import pytest

from tests.services.documents.conftest import Read, parts

SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,000\r\n- Tea is <i>old</i>.\r\n\r\n"
    "2\r\n01:00:09,500 --> 01:00:10,000\r\n(applause)\r\nSo &amp; [laughs] so ♪\r\n"
)
VTT = (
    "WEBVTT\n\nNOTE none\n\n00:01.000 --> 00:02.000\n<v Ada>Tea is <00:01.500><c>old</c>.\n\n"
    "01:00:09.500 --> 01:00:10.000\nTea is old.\nSo & so\n"
)
ASS = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,no
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\b1}Tea is\\Nold.
Dialogue: 0,1:00:09.50,1:00:10.00,Default,,0,0,0,,So & so
"""


@pytest.mark.parametrize("subtitles", [SRT, VTT, ASS], ids=["srt", "vtt", "ass"])
def test_subtitles_by_their_times(reading: Read, subtitles: str) -> None:
    document = reading(subtitles.encode())
    assert document.text == "Tea is old.\n\nSo & so"
    assert [(place.kind, place.label, place.seconds, place.at) for place in document.places] == [
        ("time", "0:01", 1.0, 0),
        ("time", "1:00:09", 3609.5, 13),
    ]


def test_markdown_by_its_headings(reading: Read) -> None:
    text = "Before.\r\n\r\n## Part  \r\n\r\n\r\n\r\nOne.\r\n\r\n```\r\n# no heading\r\n```\r\n# Whole #\r\nCafe\u0301\u0000.\f"
    document = reading(text.replace("\u0000", "").encode())
    assert document.text == "Before.\n\n## Part\n\nOne.\n\n```\n# no heading\n```\n\n# Whole #\nCafé."
    assert [label for label, _ in parts(document)] == ["Part", "Whole"]
    assert document.title == "Whole"


def test_headings_and_code_in_turns_are_told_apart_soon(reading: Read) -> None:
    """In a time that grows with their number, not with its square."""
    started = time.process_time()
    document = reading(b"# Part\n```\n# no heading\n```\n" * 20_000)
    assert time.process_time() - started < 2
    assert len(document.places) == 20_000


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_its_charset(reading: Read, charset: str) -> None:
    text = "Schöne Grüße aus Köln, wo das Frühstück süß und der Kaffee heiß ist – für 3 €. Äpfel und Öl gibt es auch."
    assert reading(text.encode(charset)).text == text


def test_a_page_without_its_menus(reading: Read) -> None:
    article = "".join(f"<p>Paragraph {number} says that tea is older than coffee.</p>" for number in range(5))
    page = f"<!DOCTYPE html><html lang='en'><nav><a href='/'>Home</a></nav><article><h2>Tea</h2>{article}</article>"
    document = reading(page.encode())
    assert document.text.startswith("## Tea\n\nParagraph 0")
    assert "Home" not in document.text
    assert (parts(document)[0][0], document.language) == ("Tea", "en")


def test_as_long_as_it_may_be(reading: Read) -> None:
    assert len(reading(b"a" * 1_000_000).text) == 1_000_000
