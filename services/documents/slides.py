"""PPTX: what stands on each slide, and its notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pptx import Presentation
from pptx.shapes.autoshape import Shape
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from services.documents.document import Composer, Document, Report
from services.documents.markdown import table
from services.documents.zips import open_zip


def read(path: Path, report: Report) -> Document:
    with open_zip(path):
        presentation = Presentation(str(path))
    composer, count = Composer(), len(presentation.slides)
    for number, slide in enumerate(presentation.slides, 1):
        composer.add("\n\n".join(_slide(slide)), "slide", str(number))
        report(number / count)
    known = presentation.core_properties
    return composer.document(known.title or None, known.language)


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
        yield "\n\n".join(line for line in lines if line)
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
        yield table(rows)
