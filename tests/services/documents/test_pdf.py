"""What is on a PDF's pages, and where it stands."""

from io import BytesIO

from pypdf import PdfReader, PdfWriter

from services.documents.layout import Line, arranged
from tests.plugins.documents import pdf
from tests.services.documents.conftest import Read, parts, saved


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
    assert reading(saved(writer.write)).text == "For everybody."
