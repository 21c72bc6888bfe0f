"""A draft as a file that a person edits: the fields that its platform shows in a header, the text below."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cli.answers import Draft
from core.errors import ConfigurationError, Invalid

_FENCE: Final = "---"
_NOTE: Final = "#!"
_FIELDS: Final = ("title", "excerpt", "tags")


class HeaderUnreadable(Invalid):
    """The part between the two lines `---` is not what it should be."""


class EditorFailed(ConfigurationError):
    """There is none, or it ended with an error."""


def fields(draft: Draft, preview: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the header: what the platform shows, and what the draft has anyway."""
    return tuple(name for name in _FIELDS if name in preview or name in draft.metadata)


def compose(draft: Draft, names: Sequence[str]) -> str:
    header = [
        "# Saved, this is published as it stands. Left unchanged, nothing happens.",
        *(f"{name}: {_written(draft.metadata.get(name))}".rstrip() for name in names),
    ]
    return "\n".join([_FENCE, *header, _FENCE, draft.content, ""])


def annotate(text: str, notes: Sequence[str]) -> str:
    """With what is wrong at the top of the header, in place of earlier notes."""
    lines = text.split("\n")
    if lines[0] != _FENCE or _FENCE not in lines[1:]:
        lines = [_FENCE, _FENCE, *lines]
    end = lines.index(_FENCE, 1)
    rest = [line for line in lines[1:end] if not line.startswith(_NOTE)]
    return "\n".join([_FENCE, *(f"{_NOTE} {' '.join(note.split())}" for note in notes), *rest, *lines[end:]])


def changes(draft: Draft, names: Sequence[str], text: str) -> dict[str, Any]:
    """What an edit decision says beyond the draft; empty when nothing was changed. Raises HeaderUnreadable."""
    header, body = _split(text.replace("\r\n", "\n"))
    changed: dict[str, Any] = {}
    for line in header:
        name, colon, value = line.partition(":")
        if not colon or name.strip() not in names:
            raise HeaderUnreadable(
                f"{line!r} in the header is not understood.",
                remedy=f"Known are: {', '.join(names) or 'no fields at all'}.",
            )
        if value.strip() != _written(draft.metadata.get(name.strip())):
            changed[name.strip()] = _read(name.strip(), value.strip())
    # Editors end the last line; that is no change.
    decision: dict[str, Any] = {"metadata": changed} if changed else {}
    if body.rstrip("\n") != draft.content.rstrip("\n"):
        decision["content"] = body.rstrip("\n")
    return decision


def in_editor(text: str) -> str:
    """What the person's own editor leaves. Raises EditorFailed; what was written until then stays in the file."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    file = keep(text)
    try:
        subprocess.run([*command, str(file)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EditorFailed(
            f"The editor did not work: {error}. The text is in {file}.",
            remedy="Set VISUAL or EDITOR to one that does.",
        ) from error
    written = file.read_text()
    file.unlink()
    return written


def keep(text: str) -> Path:
    """In a file that only this user can read."""
    number, path = tempfile.mkstemp(prefix="proofroom-", suffix=".md", text=True)
    with os.fdopen(number, "w") as file:
        file.write(text)
    return Path(path)


def _split(text: str) -> tuple[list[str], str]:
    if not text.startswith(f"{_FENCE}\n"):
        return [], text
    lines = text.split("\n")
    if _FENCE not in lines[1:]:
        raise HeaderUnreadable(
            "The line --- that ends the header is gone.", remedy="Put it back above the text."
        )
    end = lines.index(_FENCE, 1)
    return [line for line in lines[1:end] if line.strip() and not line.startswith("#")], "\n".join(
        lines[end + 1 :]
    )


def _written(value: object) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return " ".join(words.split())


def _read(name: str, value: str) -> str | list[str] | None:
    if name == "tags":
        return [tag.strip() for tag in value.split(",") if tag.strip()]
    return value or None
