"""What has been heard of an answer while it is still being written."""

from dataclasses import dataclass
from typing import Final

from langchain_core.messages.ai import UsageMetadata
from pydantic_core import from_json

BYTES_PER_TOKEN: Final = 4
"""For answers that broke off before the server counted them; OpenAI's own rule of thumb for English."""


@dataclass(frozen=True, slots=True)
class Tokens:
    input: int
    output: int


class Heard:
    """Collects the pieces of one JSON answer; `watched` is the string field whose growth `news` reports."""

    def __init__(self, watched: str | None = None) -> None:
        self.unanswered = False
        """The server refused the request: nothing was read or written, and nothing is owed."""
        self.exhausted = False
        """The answer broke off because it had used up all the tokens of a call."""
        self._pieces: list[str] = []
        self._usage: UsageMetadata | None = None
        self._watched = watched
        self._told = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def take(self, piece: str, usage: UsageMetadata | None) -> None:
        """Raises ValueError for what is no text: JSON can name half of a surrogate pair."""
        if piece:
            piece.encode()
            self._pieces.append(piece)
        # The last report stands: the library repeats it at the end of a structured stream.
        self._usage = usage or self._usage

    def news(self) -> str:
        """What the watched string has gained since the last call."""
        if self._watched is None or not self._pieces:
            return ""
        try:
            value = from_json(self.text, allow_partial="trailing-strings")
        except ValueError:
            return (
                ""  # in the middle of an escape, or not JSON: the validation of the whole answer will say so
            )
        grown = value.get(self._watched) if isinstance(value, dict) else None
        if not isinstance(grown, str) or len(grown) <= self._told:
            return ""
        news = grown[self._told :]
        self._told = len(grown)
        return news.replace("\0", "")

    def tokens(self, prompt: str, most: int) -> Tokens:
        """The server's own count, or an estimate where it was cut off before it gave one. `most`: what a call may write."""
        if self._usage is not None:
            return Tokens(self._usage["input_tokens"], self._usage["output_tokens"])
        if self.unanswered:
            return Tokens(0, 0)
        return Tokens(_estimate(prompt), most if self.exhausted else _estimate(self.text))


def _estimate(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
