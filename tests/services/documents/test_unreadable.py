"""What has no reader, is protected, damaged or a trap says what is wrong and what to do."""

from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter

from services.documents import Unreadable
from tests.plugins.documents import epub, packed, pdf
from tests.services.documents.conftest import Read, saved


def scanned() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    return saved(writer.write)


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(["Secret."]))))
    writer.encrypt("secret", algorithm="AES-256")
    return saved(writer.write)


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
