"""A book's chapters, in the order in which they are read."""

from pathlib import Path

from tests.plugins.documents import epub
from tests.services.documents.conftest import Read, parts


def test_a_book_in_the_order_of_its_chapters(reading: Read, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    stolen = f'<!DOCTYPE package [<!ENTITY stolen SYSTEM "{secret.as_uri()}">]>'
    chapters = {
        "z.xhtml": "<h1>One</h1><p>Tea&#160;is <b>o<!-- l -->ld</b>.<br/>Very.</p><ul><li>a</li><li><p>b</p></li></ul>",
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


def test_a_books_table_has_its_paragraphs_in_its_cells(reading: Read) -> None:
    rows = (
        "<tr><th><p>Town</p></th><th><h3>Cups<br/>drunk</h3></th></tr>",
        "<tr><!-- ! --><td><p>Assam</p><ul><li>East</li></ul></td><td>940</td></tr>",
    )
    alone = "<table><tr><td><p>Not a</p><p>table.</p></td></tr></table>"
    document = reading(epub({"a.xhtml": f"<table>{''.join(rows)}</table><p>Much.</p>{alone}"}))
    assert document.text == (
        "| Town | Cups drunk |\n| --- | --- |\n| Assam East | 940 |\n\nMuch.\n\nNot a\n\ntable."
    )
