"""PPTX: what stands on each slide, and its notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pptx import Presentation
from pptx.shapes.autoshape import Shape
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from services.documents.document import Composer, Document, Report
from services.documents.markdown import joined, table
from services.documents.zips import open_zip

_NO_TITLES: Final = {"", "PowerPoint Presentation"}
"""What programs write there by themselves."""


def read(path: Path, report: Report) -> Document:
    with open_zip(path):
        presentation = Presentation(str(path))
    composer, count = Composer(), len(presentation.slides)
    first = None
    for number, slide in enumerate(presentation.slides, 1):
        if slide.element.get("show") != "0":  # python-pptx has no name for hidden slides
            blocks = list(_slide(slide))
            first = first or next((one[3:] for one in blocks[:1] if one.startswith("## ")), None)
            composer.add(joined(blocks), "slide", str(number))
        report(number / count)
    known = presentation.core_properties
    title = known.title if known.title not in _NO_TITLES else first
    return composer.document(title, known.language)


def _slide(slide: Slide) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None and (text := " ".join(title.text_frame.text.split())):
        yield f"## {text}"
    for shape in _flat(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) and notes.text.strip():
        yield f"Notes: {notes.text.strip()}"


def _flat(shapes: Iterable[BaseShape]) -> Iterator[BaseShape]:
    for shape in shapes:
        if isinstance(shape, GroupShape):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _shape(shape: BaseShape) -> Iterator[str]:
    if isinstance(shape, Shape) and shape.text_frame.text.strip():
        lines = [" ".join(each.text.split()) for each in shape.text_frame.paragraphs]
        said = [line for line in lines if line]
        # A slide's body is a list, though nothing in the file says so.
        prefix = "- " if shape.is_placeholder and len(said) > 1 else ""
        yield from (f"{prefix}{line}" for line in said)
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
        yield table(rows)
