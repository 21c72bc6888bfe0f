"""Documents and slides as Office packs them."""

import zipfile
from io import BytesIO
from pathlib import Path

import docx
import pptx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.plugins.documents import packed
from tests.services.documents.conftest import Read, parts, saved


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
    document = reading(saved(word.save))
    assert document.text.startswith("Foreword.\n\n# First")
    assert parts(document) == [
        (
            "First",
            "# First\n\nWe will ship.\n\nA paragraph whose end was deleted.\n\n- one\n- two\n\nFramed.",
        ),
        ("Second", "## Second\n\n| cell 0 | cell 1 |\n| --- | --- |\n| cell 2 | cell 3 |"),
    ]
    assert (document.title, document.language) == ("The plan", "de-DE")


BOXED = "<w:txbxContent><w:p><w:r><w:t>In a</w:t></w:r></w:p><w:p><w:r><w:t>box.</w:t></w:r></w:p></w:txbxContent>"
BOX = (
    f"<w:r {nsdecls('w')} xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'><mc:AlternateContent>"
    f"<mc:Choice Requires='wps'><w:drawing>{BOXED}</w:drawing></mc:Choice>"
    f"<mc:Fallback><w:pict>{BOXED}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


def test_paragraphs_stay_apart_in_cells_and_what_a_box_holds_is_said_once(reading: Read) -> None:
    """Word keeps a box twice: for itself, and for programs that do not know its kind."""
    word = docx.Document()
    word.add_paragraph("Beside it.")._p.append(parse_xml(BOX))
    table = word.add_table(2, 2)
    for cell, text in zip((cell for row in table.rows for cell in row.cells), "abcd", strict=True):
        cell.text = text
    table.cell(0, 0).add_paragraph("and more")._p.append(parse_xml(BOX))
    table.cell(1, 1).add_table(1, 2).cell(0, 1).text = "within"
    assert reading(saved(word.save)).text == (
        "Beside it.\n\nIn a\n\nbox.\n\n| a and more In a box. | b |\n| --- | --- |\n| c | d within |"
    )


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
    document = reading(saved(slides.save))
    assert document.title == "Tea"
    assert parts(document) == [
        ("1", "## Tea\n\n- Green\n- Black"),
        (
            "2",
            "## Coffee\n\nLater\n\nGrouped\n\n| a | b |\n| --- | --- |\n| c\\|d |  |\n\nNotes: Say it slowly.",
        ),
    ]


def test_no_entity_of_office_files_is_resolved(reading: Read, tmp_path: Path) -> None:
    """Neither another file nor a billion laughs."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    entities = f'<!ENTITY a SYSTEM "{secret.as_uri()}"><!ENTITY b "{"ha" * 1000}">'
    word, slides = docx.Document(), pptx.Presentation()
    word.add_paragraph("Tea &a; &b;")
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = "Tea &a; &b;"
    for made, part in ((word, "word/document.xml"), (slides, "ppt/slides/slide1.xml")):
        with zipfile.ZipFile(BytesIO(saved(made.save))) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        declaration, root = entries[part].split(b"\n", 1)
        doctype = f"\n<!DOCTYPE x [{entities}]>".encode()
        entries[part] = declaration + doctype + root.replace(b"&amp;", b"&")
        text = reading(packed(entries)).text
        assert "Tea" in text
        assert "s3cret" not in text
        assert "haha" not in text
