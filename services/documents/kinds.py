"""What a file is, by its bytes: names and declared types are only hints."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from services.confined.limits import Unreadable
from services.documents.zips import open_zip

HEAD_BYTES: Final = 128 * 1024
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY: Final = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
# (?>…) is not tried anew: comments without end would be divided in every way there is.
_HTML: Final = re.compile(
    r"\s*(?>(?:<\?xml[^>]*>|<!--.*?-->)\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_SRT: Final = re.compile(r"\s*(\d+[^\S\n]*\n)?\d{1,3}:\d\d:\d\d[,.]\d{1,3}[^\S\n]*-->")

_READ: Final = "Text is got from PDF, DOCX, PPTX, EPUB, HTML, Markdown, plain text and subtitles, and from audio and video."


class Kind(StrEnum):
    PDF = "PDF"
    WORD = "Word document"
    SLIDES = "PowerPoint presentation"
    BOOK = "EPUB"
    TEXT = "text"
    """Of any kind: `written` looks closer."""


class Written(StrEnum):
    HTML = "html"
    SRT = "srt"
    VTT = "vtt"
    ASS = "ass"
    PLAIN = "plain"


def kind_of(path: Path, media_type: str) -> Kind:
    """`media_type` is only told to people. Raises Unreadable for what has no reader."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b"\x00 \t\r\n"):
        raise Unreadable("It is empty.")
    if is_pdf(head):
        return Kind.PDF
    if head.startswith(_ZIP):
        return _packed(path)
    if head.startswith(_OLE):
        raise Unreadable(_ole_reason(path))
    if head.startswith(b"{\\rtf"):
        raise Unreadable("It is an RTF document, which is not read. Save it as DOCX and upload that.")
    if is_text(head):
        return Kind.TEXT
    raise Unreadable(f"It is {media_type}, which has no text that we could get. {_READ}")


def is_pdf(head: bytes) -> bool:
    """Its mark may have something before it; a text may tell of the mark."""
    return head.startswith(b"%PDF-") or (b"%PDF-" in head[:1024] and not is_text(head))


def is_text(head: bytes) -> bool:
    return head.startswith(UTF16) or not _BINARY.search(head)


def written(text: str) -> Written:
    """What a text is."""
    head = text[:4096].lstrip("\ufeff")
    if head.startswith("WEBVTT"):
        return Written.VTT
    if head.lstrip().startswith("[Script Info]"):
        return Written.ASS
    if _SRT.match(head.replace("\r\n", "\n")):
        return Written.SRT
    return Written.HTML if _HTML.match(head) else Written.PLAIN


def _packed(path: Path) -> Kind:
    with open_zip(path) as packed:
        names = set(packed.namelist())
    if "word/document.xml" in names:
        return Kind.WORD
    if "ppt/presentation.xml" in names:
        return Kind.SLIDES
    if "META-INF/container.xml" in names:
        return Kind.BOOK
    if "xl/workbook.xml" in names:
        raise Unreadable(
            "It is a spreadsheet, which is not read. Save the sheet as CSV or PDF and upload that."
        )
    if "content.xml" in names:
        raise Unreadable(
            "It is an OpenDocument file, which is not read. Save it as DOCX, PPTX or PDF and upload that."
        )
    raise Unreadable("It is an archive. Unpack it and upload the documents in it one by one.")


def _ole_reason(path: Path) -> str:
    """Office encrypts a whole document into such a container, which is also what it wrote before 2007."""
    with path.open("rb") as file:
        start = file.read(1_048_576)
    if "EncryptedPackage".encode("utf-16-le") in start:
        return "It is protected by a password. Save it without one and upload it again."
    return "It is in a format of Office before 2007. Save it as DOCX or PPTX and upload that."
