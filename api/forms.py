"""A form with one file in it, read as it arrives: FastAPI's own way keeps it on disk first."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from api.requests import UnsupportedMediaType
from core.errors import FieldError, Invalid
from core.text import storable

OVERHEAD_BYTES: Final = 64 * 1024
"""What a form may have beside its file."""
NAME_LIMIT: Final = 255
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Controls, ends of lines, and what turns the direction of letters round: `gpj.exe` is no picture."""
_QUOTED: Final = {"%22": '"', "%0D": "", "%0A": ""}
"""What browsers write in a file's name for what would end it."""
_REMEDY: Final = "Send multipart/form-data with one part, `file`."


class UploadCutOff(Invalid):
    title = "The upload was cut off"


class _Begins(NamedTuple):
    options: dict[bytes, bytes]


@dataclass(slots=True)
class _Parser:
    """python-multipart calls back; this keeps what it said until it is asked for."""

    said: list[_Begins | bytes] = field(default_factory=list)
    ended: bool = False
    _name: bytes = b""
    _value: bytes = b""
    _options: dict[bytes, bytes] = field(default_factory=dict)

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header,
            "on_headers_finished": lambda: self.said.append(_Begins(self._options)),
            "on_part_data": lambda data, start, end: self.said.append(data[start:end]),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._options = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        if self._name.lower() == b"content-disposition":
            _, self._options = parse_options_header(self._value)
        self._name = self._value = b""

    def _end(self) -> None:
        self.ended = True


class Sent(NamedTuple):
    name: str
    chunks: AsyncGenerator[bytes]


@asynccontextmanager
async def sent_file(request: Request) -> AsyncGenerator[Sent]:
    """The part `file`, to be read once. Raises Invalid, UnsupportedMediaType or UploadCutOff, while it is read, too."""
    parts = _parts(request)
    try:
        begun = await anext(parts, None)
        if not isinstance(begun, _Begins):
            raise _wrong("There is no file in the form.")
        yield Sent(_name(begun), _only(parts))
    finally:
        await parts.aclose()


async def _only(parts: AsyncGenerator[_Begins | bytes]) -> AsyncGenerator[bytes]:
    async for said in parts:
        if isinstance(said, _Begins):
            raise _wrong("There is more than the one part `file` in the form.")
        yield said


def _name(begun: _Begins) -> str:
    """What people know the file by. Raises Invalid when this is not the part `file`."""
    part = begun.options.get(b"name", b"").decode("utf-8", "replace")
    if part != "file":
        raise _wrong(f"The form has a part {storable(part)[:50]!r}; only `file` is known.")
    written = begun.options.get(b"filename", b"").decode("utf-8", "replace")
    for code, character in _QUOTED.items():
        written = written.replace(code, character)
    return clean_name(written)


def clean_name(written: str) -> str:
    """Without the folders it lay in, and without what no line of text holds."""
    last = storable(written).replace("\\", "/").rpartition("/")[2]
    return _UNSEEN.sub("", last).strip()[-NAME_LIMIT:] or "file"


async def _parts(request: Request) -> AsyncGenerator[_Begins | bytes]:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data":
        raise UnsupportedMediaType("The body is no form.", remedy=_REMEDY)
    found = _Parser()
    try:
        parser = MultipartParser(options.get(b"boundary", b""), found.callbacks())
        async for chunk in body_of(request):
            parser.write(chunk)
            for said in found.said:
                yield said
            found.said.clear()
    except FormParserError as error:
        raise _wrong("The form is not well-formed.") from error
    if not found.ended:
        raise _wrong("The form ends before its closing boundary.")


async def body_of(request: Request) -> AsyncGenerator[bytes]:
    """As it arrives. Raises UploadCutOff when the client goes away."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise UploadCutOff("The connection ended before the body did.", remedy="Send it again.") from None


def _wrong(detail: str) -> Invalid:
    return Invalid(detail, remedy=_REMEDY, errors=[FieldError("/file", detail)])
