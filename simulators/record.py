"""Everything that was posted, kept in memory and in an append-only journal."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.content import Media

Platform = Literal["linkedin", "x", "blog", "instagram", "email"]
Kind = Literal["post", "image", "container"]


class Entry(BaseModel):
    """A post, an image, or what is to become a post. `text` is what a reader sees; `fields` is what the platform keeps
    beside it."""

    model_config = ConfigDict(frozen=True)

    platform: Platform
    account: str
    id: str
    kind: Kind = "post"
    status: Literal["published", "draft", "deleted"] = "published"
    text: str = ""
    url: str = ""
    created_at: float = Field(default_factory=time.time)
    """Unix time, seconds."""
    updated_at: float = Field(default_factory=time.time)
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    pictures: tuple[Media, ...] = ()


class Reset(BaseModel):
    """What was forgotten; None: of every platform, of every account."""

    platform: Platform | None = None
    account: str | None = None


class Line(BaseModel):
    """One change in the journal."""

    entry: Entry | None = None
    reset: Reset | None = None


class Record:
    """Answered requests survive a kill: each change is on disk before its answer is sent."""

    def __init__(self, journal: Path | None) -> None:
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._journal = journal
        self._last_id = 0
        if journal is not None and journal.exists():
            self._replay(journal)

    def keep(self, entry: Entry) -> Entry:
        """An entry, new or changed."""
        self._change(Line(entry=entry))
        return entry

    def reset(self, reset: Reset) -> None:
        self._change(Line(reset=reset))

    def get(self, platform: Platform, account: str, entry_id: str) -> Entry | None:
        return self._entries.get((platform, account, entry_id))

    def entries(
        self,
        platform: Platform | None = None,
        account: str | None = None,
        kind: Kind = "post",
    ) -> Iterator[Entry]:
        """Newest first."""
        for entry in reversed(self._entries.values()):
            if entry.kind == kind and platform in (None, entry.platform) and account in (None, entry.account):
                yield entry

    def next_id(self) -> int:
        """Like the platforms' own: milliseconds above a counter, so that ids sort by time."""
        self._last_id = max(self._last_id + 1, int(time.time() * 1000) << 22)
        return self._last_id

    def _change(self, line: Line) -> None:
        self._apply(line)
        if self._journal is not None:
            with self._journal.open("a", encoding="utf-8") as journal:
                journal.write(line.model_dump_json(exclude_none=True) + "\n")
                journal.flush()
                os.fsync(journal.fileno())

    def _apply(self, line: Line) -> None:
        if line.entry is not None:
            entry = line.entry
            self._entries[entry.platform, entry.account, entry.id] = entry
        if line.reset is not None:
            kept = {key: entry for key, entry in self._entries.items() if not _covers(line.reset, entry)}
            self._entries = kept

    def _replay(self, journal: Path) -> None:
        lines = journal.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines):
            try:
                self._apply(Line.model_validate_json(line))
            except ValidationError:
                if number != len(lines) - 1:
                    raise
                # A kill in the middle of the last write: nobody was answered, so it never happened.
                with journal.open("r+b") as torn:
                    torn.truncate(sum(len(whole) for whole in lines[:number]))


def _covers(reset: Reset, entry: Entry) -> bool:
    return reset.platform in (None, entry.platform) and reset.account in (None, entry.account)
