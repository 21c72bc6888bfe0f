"""The simulated mail server in the test's own loop, with what came to it and the faults that it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulators.faults import Faults
    from simulators.record import Entry, Record


@dataclass(frozen=True)
class MailServer:
    port: int
    record: Record
    faults: Faults

    def fault(self, kind: Any, **options: Any) -> None:
        from simulators.faults import Fault

        self.faults.add(Fault(platform="email", kind=kind, **options))

    def arrived(self) -> list[Entry]:
        """Oldest first."""
        return list(self.record.entries("email"))[::-1]

    def readers(self) -> list[str]:
        return [str(entry.fields["to"]) for entry in self.arrived()]


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    from simulators.faults import Faults
    from simulators.mail import Mail
    from simulators.record import Record

    record, faults = Record(None), Faults()
    async with Mail(record, faults).served(0) as port:
        yield MailServer(port, record, faults)
