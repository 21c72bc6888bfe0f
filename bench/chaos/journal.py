"""What the service acknowledged, kept by its callers: the checks hold it to nothing but its own answers."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson


@dataclass(frozen=True, slots=True)
class Event:
    pass


@dataclass(frozen=True, slots=True)
class Started(Event):
    """`mark` is a word that stands in each sentence of the source, and so in every draft; `threads` by platform."""

    workflow_id: str
    mark: str
    threads: dict[str, str]


@dataclass(frozen=True, slots=True)
class Told(Event):
    """What was taken about one thread."""

    thread_id: str


@dataclass(frozen=True, slots=True)
class Decided(Told):
    """`text`: what it approved, None where it approved nothing."""

    review_id: str
    decision: str
    account_id: str | None = None
    schedule_for: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Cancelled(Event):
    """`threads`: those that the answer called cancelled; another may have been with its platform."""

    workflow_id: str
    threads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobCancelled(Told):
    job_id: str


@dataclass(frozen=True, slots=True)
class JobMoved(Told):
    job_id: str
    scheduled_for: datetime


@dataclass(frozen=True, slots=True)
class Surprise(Event):
    """An answer that a caller could not have expected."""

    kind: str
    about: str
    said: str


EventT = TypeVar("EventT", bound=Event)


@dataclass
class Journal:
    file: Path
    events: list[Event] = field(default_factory=list)

    def write(self, event: Event) -> None:
        self.events.append(event)
        line: dict[str, Any] = {"event": type(event).__name__, **asdict(event)}
        with self.file.open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")

    def all(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]
