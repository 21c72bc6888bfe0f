"""EPUB: its chapters in the order in which they are read."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from lxml import etree  # type: ignore[import-untyped] # it has no types

from services.confined.limits import Unreadable
from services.documents import markup
from services.documents.document import Composer, Document, Report
from services.documents.markdown import first_heading
from services.documents.plain import decode
from services.documents.zips import open_zip

_NAMES: Final = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "o": "http://www.idpf.org/2007/opf",
    "d": "http://purl.org/dc/elements/1.1/",
    "e": "http://www.w3.org/2001/04/xmlenc#",
}
_DAMAGED: Final = "It is damaged: its table of contents cannot be read. Upload it again."


def read(path: Path, report: Report) -> Document:
    with open_zip(path) as packed:
        root = _parse(packed, "META-INF/container.xml")
        package = next(iter(root.xpath("//c:rootfile/@full-path", namespaces=_NAMES)), "")
        opf = _parse(packed, package)
        chapters = list(_spine(opf, posixpath.dirname(package)))
        if _encrypted(packed) & set(chapters):
            raise Unreadable("It is protected against copying (DRM). Upload a copy without that.")
        composer = Composer()
        for number, name in enumerate(chapters, 1):
            text = markup.convert(decode(_bytes(packed, name)))
            composer.add(text, "chapter", first_heading(text))
            report(number / len(chapters))
    return composer.document(_first(opf, "title"), _first(opf, "language"))


def _spine(opf: Any, folder: str) -> Iterator[str]:
    """Names in the archive of what is read one after the other, notes and the like left out."""
    items = {
        item.get("id"): item.get("href", "") for item in opf.xpath("//o:manifest/o:item", namespaces=_NAMES)
    }
    for reference in opf.xpath("//o:spine/o:itemref[not(@linear = 'no')]", namespaces=_NAMES):
        if href := items.get(reference.get("idref")):
            yield posixpath.normpath(posixpath.join(folder, unquote(urlsplit(href).path)))


def _encrypted(packed: zipfile.ZipFile) -> set[str]:
    """Fonts often are, which does not matter."""
    if "META-INF/encryption.xml" not in packed.namelist():
        return set()
    found = _parse(packed, "META-INF/encryption.xml").xpath("//e:CipherReference/@URI", namespaces=_NAMES)
    return {posixpath.normpath(unquote(uri)) for uri in found}


def _first(opf: Any, name: str) -> str | None:
    found = opf.xpath(f"//o:metadata/d:{name}/text()", namespaces=_NAMES)
    return str(found[0]) if found else None


def _parse(packed: zipfile.ZipFile, name: str) -> Any:
    # Entities and DTDs are what XML bombs and stolen files are made with.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(_bytes(packed, name), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(_DAMAGED) from error


def _bytes(packed: zipfile.ZipFile, name: str) -> bytes:
    try:
        return packed.read(name)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Unreadable(_DAMAGED) from error
