"""Documents of every kind, made anew: there are no binary files in the repository."""

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.plugins.api import User


def pdf(*pages: Sequence[str], title: str = "", kerned: bool = False) -> bytes:
    """Each page with its lines, large those that begin with `## `; `kerned`: with numbers between strings in them."""
    show = "[({})] TJ T*" if kerned else "({}) Tj T*"
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        shown = " ".join(
            f"/F1 18 Tf 28 TL {show.format(line[3:])} /F1 11 Tf 14 TL"
            if line.startswith("## ")
            else show.format(line)
            for line in lines
        )
        stream = f"BT /F1 11 Tf 14 TL 50 780 Td {shown} ET".encode("cp1252")
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> >>".encode(),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    objects.append(f"<< /Title ({title}) >>".encode())
    return _assembled(objects)


def _assembled(objects: Sequence[bytes]) -> bytes:
    written, offsets = b"%PDF-1.7\n", []
    parts = [written]
    length = len(written)
    for number, each in enumerate(objects, 1):
        offsets.append(length)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, each))
        length += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table))
    parts.append(
        b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, len(objects), length)
    )
    return b"".join(parts)


def packed(entries: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return written.getvalue()


def epub(
    chapters: Mapping[str, str],
    more: Mapping[str, str | bytes] | None = None,
    *,
    before: str = "",
    title: str = "Tea",
) -> bytes:
    """`chapters`: the names of files and their bodies, in reading order. `more`: other entries, or those in their place.
    `before` the package: a DTD, say."""
    items = "".join(f'<item id="i{n}" href="{name}"/>' for n, name in enumerate(chapters))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    container = "urn:oasis:names:tc:opendocument:xmlns:container"
    entries: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": f'<container xmlns="{container}"><rootfiles>'
        '<rootfile full-path="book/all.opf"/></rootfiles></container>',
        # Last in reading order, first in the archive.
        **{
            f"book/{name}": f"<html><body>{body}</body></html>"
            for name, body in reversed([*chapters.items()])
        },
        "book/all.opf": f'{before}<package xmlns="http://www.idpf.org/2007/opf">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
        f"<dc:language>en</dc:language></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    return packed({**entries, **(more or {})})


async def upload(user: "User", content: bytes, name: str) -> dict[str, Any]:
    """Into a new project."""
    project = (await user.post("/v1/projects", json={"title": "Spring"})).json()
    sent = await user.post(f"/v1/projects/{project['id']}/files", files={"file": (name, content)})
    assert sent.status_code == 201, sent.text
    found: dict[str, Any] = sent.json()
    return found
