"""What is in a document, and where it stands."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pypdf import PdfReader, PdfWriter

from services.documents import Document, Unreadable, read
from services.documents.layout import Line, arranged
from tests.plugins.documents import epub, packed, pdf

Read = Callable[[bytes], Document]


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """Under a name that says nothing, or something wrong."""

    def read_bytes(content: bytes) -> Document:
        path = tmp_path / "picture.jpg"
        path.write_bytes(content)
        return read(path, "image/jpeg")

    return read_bytes


def parts(document: Document) -> list[tuple[str | None, str]]:
    """Each place's label with the text from there to the next."""
    ends = [*(place.at for place in document.places[1:]), len(document.text)]
    return [
        (place.label, document.text[place.at : end].strip())
        for place, end in zip(document.places, ends, strict=True)
    ]


def test_a_pdf_by_its_pages(reading: Read) -> None:
    first = [
        "Tea is older than coffee, and it is drunk in more coun-",
        "tries than any other drink but water. Nobody knows who",
        "first drank it.",
        "It came to Europe by ship.",
        "1. Green",
        "2. Black",
    ]
    document = reading(pdf(first, ["Caf\\351."], title="All about tea"))
    assert parts(document) == [
        (
            "1",
            "Tea is older than coffee, and it is drunk in more countries than any other drink but water. "
            "Nobody knows who first drank it.\n\nIt came to Europe by ship.\n\n1. Green\n\n2. Black",
        ),
        ("2", "Café."),
    ]
    assert {place.kind for place in document.places} == {"page"}
    assert (document.title, document.language) == ("All about tea", "en-GB")


def test_what_a_pdf_has_for_paper_alone_is_left_out(reading: Read) -> None:
    """Page numbers and running heads; a sentence and a word that a page's end has cut are whole again."""
    document = reading(
        pdf(
            [
                "The club, 2026",
                "## Tea with",
                "## everybody",
                "Tea is older than coffee. It came to Europe in the",
                "1",
            ],
            [
                "The club, 2026",
                "year 1610 by ship.",
                "## What it costs",
                "A pound was 16 shillings and some pen-",
                "2",
            ],
            ["The club, 2026", "nies in 1650.", "## The club, 2026", "We meet on 12 days.", "Page 3 of 3"],
            title="Microsoft Word - tea.docx",
        )
    )
    assert document.text == (
        "## Tea with everybody\n\nTea is older than coffee. It came to Europe in the year 1610 by ship.\n\n"
        "## What it costs\n\nA pound was 16 shillings and some pennies in 1650.\n\n"
        "## The club, 2026\n\nWe meet on 12 days."
    )
    assert [document.text[place.at :].split()[0] for place in document.places] == ["##", "year", "nies"]
    assert document.title == "Tea with everybody"


def test_small_print_and_tables_stay_out_of_the_sentences() -> None:
    """Of a single page too, whose running heads are nowhere repeated."""

    def text(said: str) -> Line:
        return Line(said, 10.0, bold=False)

    def small(said: str) -> Line:
        return Line(said, 7.0, bold=False)

    first = [
        small("Journal of Tea, Vol. 12, 2026"),
        small("Page 1 of 2 © 2026 The Club"),
        text("We counted the cups of two towns."),
        Line("Town Cups Pots", 10.0, bold=True),
        text("Assam 940 27"),
        text("Nilgiri 510 32"),
        small("Table 1: Cups and pots."),
        text("Whoever asks at"),
        small("https://example.com/tea"),
        text("hears that the pots have grown since the"),
        small("* Supported by the Tea Fund."),
    ]
    pages = arranged([first, [text("year 1950, and the cups with them.")]])
    assert pages[0].text.split("\n\n") == [
        "We counted the cups of two towns.",
        "Town Cups Pots",
        "Assam 940 27",
        "Nilgiri 510 32",
        "Table 1: Cups and pots.",
        "Supported by the Tea Fund.",
        "Whoever asks at https://example.com/tea hears that the pots have grown since the",
    ]
    assert (pages[1].separator, pages[1].text) == (" ", "year 1950, and the cups with them.")


def test_a_page_of_a_number_alone_keeps_it(reading: Read) -> None:
    assert reading(pdf(["42"])).text == "42"


def test_a_pdf_that_only_must_not_be_changed(reading: Read) -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(["For everybody."]))))
    writer.encrypt(user_password="", owner_password="secret", algorithm="AES-256")
    assert reading(saved(writer)).text == "For everybody."


def test_a_word_document_by_its_headings(reading: Read) -> None:
    word = docx.Document()
    word.core_properties.title, word.core_properties.language = "The plan", "de_DE"
    word.add_paragraph("Foreword.")
    word.add_heading("First", 1)
    inserted = word.add_paragraph("We ").runs[0]
    inserted._r.addnext(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>will </w:t></w:r></w:ins>"))
    word.paragraphs[-1].add_run("ship.")
    for unseen in (
        "<w:del {}><w:r><w:tab/><w:delText>deleted</w:delText></w:r></w:del>",
        "<w:moveFrom {}><w:r><w:t>moved away</w:t></w:r></w:moveFrom>",
        "<w:r {}><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>",
    ):
        word.paragraphs[-1]._p.append(parse_xml(unseen.format(nsdecls("w"))))
    word.add_comment(word.paragraphs[-1].runs, text="Is that so?", author="Ada")
    word.sections[0].header.paragraphs[0].text = "Running head"
    joined = word.add_paragraph("A paragraph whose end ")._p
    joined.get_or_add_pPr().append(parse_xml(f"<w:rPr {nsdecls('w')}><w:del/></w:rPr>"))
    word.add_paragraph("was deleted.")
    for item in ("one", "two"):
        word.add_paragraph(item, style="List Bullet")
    framed = (
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Framed.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    word.element.body.insert(-1, parse_xml(framed))
    contents = (
        f"<w:sdt {nsdecls('w')}><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"
        "</w:sdtPr><w:sdtContent><w:p><w:r><w:t>First 1</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    word.element.body.insert(0, parse_xml(contents))
    word.add_heading("Second", 2)
    table = word.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {number}"
    document = reading(saved(word))
    assert document.text.startswith("Foreword.\n\n# First")
    assert parts(document) == [
        (
            "First",
            "# First\n\nWe will ship.\n\nA paragraph whose end was deleted.\n\n- one\n- two\n\nFramed.",
        ),
        ("Second", "## Second\n\n| cell 0 | cell 1 |\n| --- | --- |\n| cell 2 | cell 3 |"),
    ]
    assert (document.title, document.language) == ("The plan", "de-DE")


def test_a_presentation_by_its_slides(reading: Read) -> None:
    slides = pptx.Presentation()
    for title, body in (("Tea", "Green\nBlack"), ("Coffee", "Later")):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "Grouped"
    table = slide.shapes.add_table(2, 2, 0, 0, 100, 100).table
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 0).text = "a", "b", "c|d"
    hidden = slides.slides.add_slide(slides.slide_layouts[1])
    hidden.shapes.title.text = "Not this"
    hidden._element.set("show", "0")
    document = reading(saved(slides))
    assert document.title == "Tea"
    assert parts(document) == [
        ("1", "## Tea\n\n- Green\n- Black"),
        (
            "2",
            "## Coffee\n\nLater\n\nGrouped\n\n| a | b |\n| --- | --- |\n| c\\|d |  |\n\nNotes: Say it slowly.",
        ),
    ]


def test_a_book_in_the_order_of_its_chapters(reading: Read, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    stolen = f'<!DOCTYPE package [<!ENTITY stolen SYSTEM "{secret.as_uri()}">]>'
    chapters = {
        "z.xhtml": "<h1>One</h1><p>Tea&#160;is <b>old</b>.<br/>Very.</p><ul><li>a</li><li><p>b</p></li></ul>",
        "a%20b.xhtml": "<style>p {}</style><h2>Two</h2><pre>x\n  y</pre><table><tr><td>1</td><td>2</td></tr></table>",
    }
    more = {"book/a b.xhtml": f"<html>{chapters['a%20b.xhtml']}"}
    book = epub(chapters, more, before=stolen, title="Tea &stolen;")
    document = reading(book)
    assert parts(document) == [
        ("One", "# One\n\nTea is old.\nVery.\n\n- a\n- b"),
        ("Two", "## Two\n\nx\n  y\n\n1 | 2"),
    ]
    assert (document.title, document.language) == ("Tea", "en")


def test_no_entity_of_office_files_is_resolved(reading: Read, tmp_path: Path) -> None:
    """Neither another file nor a billion laughs."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    entities = f'<!ENTITY a SYSTEM "{secret.as_uri()}"><!ENTITY b "{"ha" * 1000}">'
    word, slides = docx.Document(), pptx.Presentation()
    word.add_paragraph("Tea &a; &b;")
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = "Tea &a; &b;"
    for made, part in ((word, "word/document.xml"), (slides, "ppt/slides/slide1.xml")):
        with zipfile.ZipFile(BytesIO(saved(made))) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        declaration, root = entries[part].split(b"\n", 1)
        doctype = f"\n<!DOCTYPE x [{entities}]>".encode()
        entries[part] = declaration + doctype + root.replace(b"&amp;", b"&")
        text = reading(packed(entries)).text
        assert "Tea" in text
        assert "s3cret" not in text
        assert "haha" not in text


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


def saved(made: object) -> bytes:
    written = BytesIO()
    save = made.write if isinstance(made, PdfWriter) else made.save  # type: ignore[attr-defined] # of two libraries
    save(written)
    return written.getvalue()


def scanned() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    return saved(writer)


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(["Secret."]))))
    writer.encrypt("secret", algorithm="AES-256")
    return saved(writer)


def locked_zip() -> bytes:
    """As a packer marks what it has encrypted, in both places."""
    content = bytearray(packed({"word/document.xml": "x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def bomb(name: str = "word/document.xml") -> bytes:
    return packed({name: b"\0" * 8_000_000})


def liar() -> bytes:
    """Says that it is small: no more of it than that is given out, and that is damaged."""
    content, size = bytearray(bomb("META-INF/container.xml")), (1000).to_bytes(4, "little")
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + offset
        content[at : at + 4] = size
    return bytes(content)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
DRM = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
    '<e:EncryptedData><e:CipherData><e:CipherReference URI="book/a.xhtml"/></e:CipherData></e:EncryptedData></encryption>'
)
PROTECTED = "protected by a password. Save it without one"
UNREADABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \r\n\t", "is empty"),
    "no-text": ("\u200b\ufeff".encode(), "There is no text in it"),
    "blank-page": (
        b"<!doctype html><html><body><script>x()</script></body></html>",
        "There is no text in it",
    ),
    "scanned": (scanned(), "text recognition"),
    "locked-pdf": (locked_pdf(), PROTECTED),
    "locked-zip": (locked_zip(), PROTECTED),
    "locked-office": (OLE + "EncryptedPackage".encode("utf-16-le"), PROTECTED),
    "old-office": (OLE + "WordDocument".encode("utf-16-le"), "before 2007. Save it as DOCX"),
    "drm": (epub({"a.xhtml": "x"}, {"META-INF/encryption.xml": DRM}), "copying"),
    "chapter-missing": (epub({"a.xhtml": "x"}).replace(b"a.xhtml", b"b.xhtml", 1), "damaged"),
    "cut-off-zip": (packed({"word/document.xml": "x"})[:-30], "damaged"),
    "bomb": (bomb(), "trap"),
    "lying-bomb": (liar(), "damaged"),
    "many-entries": (packed({f"{number}": "" for number in range(10_001)}), "more than 10,000 files"),
    "archive": (packed({"a.txt": "x"}), "archive"),
    "spreadsheet": (packed({"xl/workbook.xml": "x"}), "CSV"),
    "opendocument": (packed({"content.xml": "x"}), "OpenDocument"),
    "rtf": (b"{\\rtf1 Hello}", "RTF"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "It is image/jpeg, which has no text"),
    "long": (b"a" * 1_000_001, "more than 1,000,000 characters. Split it"),
    "long-page": (b"<html>" + b"<p>abcdefgh" * 2_000_000, "more than 1,000,000 characters. Split it"),
}


@pytest.mark.parametrize(("content", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_says_why(reading: Read, content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        reading(content)
    assert reason in refused.value.reason


def test_as_long_as_it_may_be(reading: Read) -> None:
    assert len(reading(b"a" * 1_000_000).text) == 1_000_000
