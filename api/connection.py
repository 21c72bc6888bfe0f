"""A client's connection, as uvicorn speaks on it."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.drain import LAST_CALL_SECONDS

HEAD_BYTES: Final = 64 * 1024
"""Of an address and its headers, and of what may follow a body."""


class Connection(HttpToolsProtocol):
    """One that outlives its server's listening socket by a last call, and keeps no head that has no end: uvicorn's own
    keeps whatever comes until the memory is full."""

    _unheard = 0
    """Bytes that came since the last request was whole, or since something of its body was passed on."""

    def data_received(self, data: bytes) -> None:
        self._unheard += len(data)
        super().data_received(data)
        if self._unheard > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_body(self, body: bytes) -> None:
        self._unheard = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unheard = 0
        super().on_message_complete()

    def shutdown(self) -> None:
        self.loop.call_later(LAST_CALL_SECONDS, super().shutdown)
