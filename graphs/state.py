"""What a thread's graph remembers: plain JSON, so that Studio shows it and any language reads it."""

from typing import Annotated, Literal, NotRequired, TypeVar

from pydantic import JsonValue
from typing_extensions import TypedDict

Outcome = Literal["published", "rejected", "cancelled"]


class PlaceRecord(TypedDict):
    kind: Literal["page", "slide", "chapter", "time"]
    label: str | None
    seconds: float | None


class BeginningRecord(PlaceRecord):
    at: int
    """The character of the text at which it begins."""


class SourceInput(TypedDict):
    type: NotRequired[Literal["text", "url", "file", "post"]]
    text: str
    url: NotRequired[str | None]
    title: NotRequired[str | None]
    id: NotRequired[str | None]
    places: NotRequired[list[BeginningRecord] | None]


class NoteRecord(TypedDict):
    """What was kept of some passages of a long source."""

    text: str
    heading: str | None
    passages: list[int]


class CondensingRecord(TypedDict):
    """A long source on its way to notes."""

    whole: list[NoteRecord] | None
    """What this pass reads; None: the source itself, by its passages."""
    done: int
    """How many of them have been read."""
    notes: list[NoteRecord]
    """What was made of those."""


class Options(TypedDict, total=False):
    """Wishes for this thread; each wins over the context's."""

    tone_of_voice: str | None
    audience: str | None
    language: str | None
    quality_bar: int | None
    max_rounds: int | None
    target_length: int | None
    keywords: list[str]
    style_samples: list[str]
    rules: list[str]
    """Of style, for this thread's platform."""
    template: str | None


class PromptRecord(TypedDict):
    """The call that made a draft or an evaluation. A very long text is cut in the middle; the hash is the whole's."""

    model: str
    text: str
    hash: str


class MediaRecord(TypedDict):
    url: str
    alt_text: str


class Identified(TypedDict):
    id: str


class GroundRecord(TypedDict):
    """What a sentence of a draft rests on."""

    quote: str
    passage: int
    source_quote: str
    place: PlaceRecord | None


class DraftShown(Identified):
    """A draft as a reviewer is shown it."""

    sequence: int
    iteration: int
    content: str
    metadata: dict[str, JsonValue]
    media: list[MediaRecord]
    source: Literal["ai", "human"]
    based_on_id: str | None
    provenance: NotRequired[list[GroundRecord]]


class DraftRecord(DraftShown):
    prompt: PromptRecord | None
    """None for a person's draft."""


class FindingRecord(TypedDict):
    quote: str
    instruction: str


class ViolationRecord(TypedDict):
    code: str
    field: str
    message: str
    remedy: str


class EvaluationShown(Identified):
    """An evaluation as a reviewer is shown it."""

    draft_id: str
    score: int
    criteria_scores: dict[str, int]
    findings: dict[str, FindingRecord]
    violations: list[ViolationRecord]
    ungrounded: NotRequired[list[FindingRecord]]
    """Claims that nothing in the source supports."""
    feedback: str
    model: str
    prompt_hash: str


class EvaluationRecord(EvaluationShown):
    prompt: PromptRecord


class DecisionRecord(TypedDict):
    """`graphs.interrupts.Decision` as JSON."""

    decision: Literal["accept", "edit", "regenerate", "reject"]
    content: str | None
    metadata: dict[str, JsonValue] | None
    media: list[MediaRecord] | None
    approve: bool
    feedback: str | None
    review_id: str | None
    schedule_for: str | None
    account_id: str | None


class ReceiptRecord(TypedDict):
    """`graphs.interrupts.Receipt` as JSON."""

    outcome: Literal["published", "refused", "cancelled"]
    platform_post_id: str | None
    url: str | None
    reason: str | None


_Record = TypeVar("_Record", bound=Identified)


def by_id(kept: list[_Record], new: list[_Record]) -> list[_Record]:
    """Append; a record that is there already is replaced where it stands, so that a replay adds nothing."""
    return list({record["id"]: record for record in (*kept, *new)}.values())


class Input(TypedDict):
    source: SourceInput
    options: NotRequired[Options]


class Output(TypedDict, total=False):
    outcome: Outcome
    drafts: Annotated[list[DraftRecord], by_id]
    evaluations: Annotated[list[EvaluationRecord], by_id]
    active_draft_id: str
    receipt: ReceiptRecord


class State(TypedDict, total=False):
    source: SourceInput
    options: Options
    condensing: CondensingRecord | None
    notes: list[NoteRecord] | None
    """Of a source that is too long to be read at once."""
    drafts: Annotated[list[DraftRecord], by_id]
    evaluations: Annotated[list[EvaluationRecord], by_id]
    active_draft_id: str
    """The draft being scored, reviewed or published."""
    best_draft_id: str | None
    """The best of this cycle; a cycle begins at the start and at each regenerate."""
    round: int
    """Drafts that the writer has made in this cycle."""
    feedback: str | None
    """What the reviewer asked for; holds for the whole cycle."""
    refusal: str | None
    """The platform's own words, until the reviewer has decided again."""
    objection: str | None
    """Why the reviewer's last decision could not be carried out."""
    decision: DecisionRecord
    receipt: ReceiptRecord
    outcome: Outcome
