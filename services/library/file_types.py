"""What a file is, by its first bytes; its name is asked only where the bytes leave it open."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, assert_never

import puremagic

from services.documents.kinds import UTF16, Written, is_pdf, is_text, written

_EXTENSION: Final = re.compile(r"[a-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class FileType:
    mime: str
    extension: str


_UNKNOWN: Final = FileType("application/octet-stream", "bin")
_PDF: Final = FileType("application/pdf", "pdf")
_ZIP: Final = FileType("application/zip", "zip")
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_PACKED: Final = {
    b"word/": FileType(f"{_OFFICE}.wordprocessingml.document", "docx"),
    b"ppt/": FileType(f"{_OFFICE}.presentationml.presentation", "pptx"),
    b"xl/": FileType(f"{_OFFICE}.spreadsheetml.sheet", "xlsx"),
}
_EPUB: Final = FileType("application/epub+zip", "epub")
_STATED: Final = re.compile(rb"PK\x03\x04.{26}mimetypeapplication/epub\+zip", re.DOTALL)
_ENTRY: Final = re.compile(rb"PK\x03\x04.{26}([a-z]+/)", re.DOTALL)
_MARKUP: Final = {
    b"{\\rtf": FileType("application/rtf", "rtf"),
    b"<svg": FileType("image/svg+xml", "svg"),
    b"<?xml": FileType("application/xml", "xml"),
}
_PLAIN: Final = FileType("text/plain", "txt")
_NAMED: Final = {
    "md": FileType("text/markdown", "md"),
    "markdown": FileType("text/markdown", "md"),
    "html": FileType("text/html", "html"),
    "htm": FileType("text/html", "html"),
    "csv": FileType("text/csv", "csv"),
    "json": FileType("application/json", "json"),
}
_MP3: Final = FileType("audio/mpeg", "mp3")
_USUAL: Final = {"jfif": FileType("image/jpeg", "jpg"), "wav": FileType("audio/wav", "wav")}
"""Where puremagic's first answer is not the name that everybody else knows."""


def detect(head: bytes, name: str) -> FileType:
    """`head`: the first kinds.HEAD_BYTES, or all there are."""
    if is_pdf(head):
        return _PDF
    if head.startswith(b"PK\x03\x04"):
        return _packed(head)
    if is_text(head):
        return _text(head, name)
    return _by_magic(head)


def _packed(head: bytes) -> FileType:
    if _STATED.match(head):
        return _EPUB
    return next((_PACKED[entry] for entry in _ENTRY.findall(head) if entry in _PACKED), _ZIP)


def _text(head: bytes, name: str) -> FileType:
    for start, found in _MARKUP.items():
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(start):
            return found
    kind = written(head.decode("utf-16" if head.startswith(UTF16) else "utf-8", "replace"))
    match kind:
        case Written.HTML:
            return _NAMED["html"]
        case Written.VTT:
            return FileType("text/vtt", "vtt")
        case Written.SRT:
            return FileType("application/x-subrip", "srt")
        case Written.ASS:
            return FileType("text/x-ssa", "ass")
        case Written.PLAIN:
            return _NAMED.get(PurePath(name).suffix.removeprefix(".").lower(), _PLAIN)
        case _:
            assert_never(kind)


def _by_magic(head: bytes) -> FileType:
    if head[4:11] == b"ftypM4A":
        return FileType("audio/mp4", "m4a")
    if head.startswith(b"OggS"):
        return FileType("audio/ogg", "ogg")
    if _is_mpeg_frame(head):
        return _MP3
    try:
        found = puremagic.magic_string(head)[0]
    except puremagic.PureError:
        return _UNKNOWN
    extension = found.extension.removeprefix(".").lower()
    if not found.mime_type or not _EXTENSION.fullmatch(extension):
        return _UNKNOWN
    return _USUAL.get(extension, FileType(found.mime_type, extension))


def _is_mpeg_frame(head: bytes) -> bool:
    """Sound without tags begins with eleven set bits and a layer, which is never 0."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0
