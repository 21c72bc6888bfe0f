"""How drafts, scores and outcomes look on a terminal; without one the same words come out as plain lines."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agents.base import CRITERIA, OFFLINE
from cli.answers import Draft, Evaluation, Ground, Measured, Review, Thread, Violation
from services.reviewing import diffs

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIFF_STYLES: Final = {"equal": "", "delete": "red strike", "insert": "green underline"}
_GOOD, _FAIR = 80, 60
_STATUS_STYLES: Final = {
    "generating": "cyan",
    "evaluating": "cyan",
    "publishing": "cyan",
    "awaiting_review": "yellow",
    "published": "green",
    "failed": "red",
}


def console() -> Console:
    return Console(highlight=False)


def plain(text: str, style: str = "") -> Text:
    """Somebody else's words: no markup in them counts, and no control character reaches the terminal."""
    return Text(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n")), style)


def words(name: str) -> str:
    return name.replace("_", " ")


def status(name: str) -> Text:
    return Text(words(name), _STATUS_STYLES.get(name, ""))


def score(value: int) -> Text:
    return Text(str(value), "green" if value >= _GOOD else "yellow" if value >= _FAIR else "red")


def local(moment: datetime) -> str:
    return f"{moment.astimezone():%a %d %b %Y %H:%M %Z}"


def review(shown: Review, measured: Measured) -> RenderableType:
    """All that a decision needs, what speaks against it first."""
    parts: list[RenderableType] = [Rule(Text(f"{shown.platform} · draft {shown.draft.sequence + 1}", "bold"))]
    if shown.refusal:
        parts.append(plain(f"The platform refused this post: {shown.refusal.detail}", "bold red"))
    parts += _broken(measured.violations)
    parts += [_preview(shown), _facts(shown, measured)]
    parts += _grounds(shown.draft, shown.evaluation)
    if shown.evaluation:
        parts.append(scores(shown.evaluation))
    if earlier := shown.earlier_drafts:
        parts += [
            Text(f"Changed since draft {earlier[-1].sequence + 1}", "bold"),
            difference(earlier[-1], shown.draft),
        ]
    return Group(*parts)


def thread(shown: Thread) -> RenderableType:
    """A thread's best draft with its scores, or what became of it."""
    parts: list[RenderableType] = [
        Rule(Text.assemble((shown.platform, "bold"), " · ", status(shown.status))),
    ]
    if shown.error:
        parts.append(plain(shown.error, "red"))
    if shown.active_draft:
        parts.append(_article(shown.active_draft))
    if shown.evaluation:
        parts += _broken(shown.evaluation.violations)
        parts.append(scores(shown.evaluation))
    return Group(*parts)


def scores(evaluation: Evaluation) -> RenderableType:
    """Each criterion with the words it was judged by and what to do about them."""
    critic = "offline critic" if evaluation.model == OFFLINE else evaluation.model
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right")
    grid.add_column()
    grid.add_row(
        Text("Score", "bold"),
        score(evaluation.score),
        plain(f"{evaluation.feedback or ''} ({critic})".strip(), "dim"),
    )
    for name in CRITERIA:
        if (value := (evaluation.criteria_scores or {}).get(name)) is None:
            continue
        finding = (evaluation.findings or {}).get(name)
        evidence = [f"“{finding.quote}”"] if finding and finding.quote else []
        evidence += [f"→ {finding.instruction}"] if finding and finding.instruction else []
        grid.add_row(words(name), score(value), plain("\n".join(evidence)))
    return Padding(grid, (1, 0))


def difference(before: Draft, after: Draft) -> Text:
    """Word by word, over everything that the two drafts say."""
    text = Text()
    for change in diffs.words(_whole(before), _whole(after)):
        text.append_text(plain(change.text, _DIFF_STYLES[change.op]))
    return text


def outcome(shown: Thread) -> Text:
    """What became of a decision, in a line."""
    job = shown.publishing_job
    simulated = " (simulated)" if job and job.simulated else ""
    if shown.status == "published":
        return plain(f"✓ {shown.platform} published{simulated}: {shown.url}", "green")
    if shown.status == "scheduled" and job and job.scheduled_for:
        return plain(f"✓ {shown.platform} goes out{simulated} on {local(job.scheduled_for)}.", "green")
    if job and job.error and shown.status not in {"awaiting_review", "generating"}:
        reason = f"{job.error.detail} {job.error.remedy or ''}".rstrip()
        return plain(f"! {shown.platform} is {job.status}: {reason}", "red")
    if shown.error:
        return plain(f"! {shown.platform} {words(shown.status)}: {shown.error}", "red")
    return Text.assemble(f"· {shown.platform} is ", status(shown.status))


def _broken(violations: Sequence[Violation]) -> list[Text]:
    return [plain(f"✗ {each.message} {each.remedy}", "red") for each in violations]


def _preview(shown: Review) -> RenderableType:
    """A post with the fold where the platform has it; an article or a newsletter with its title, excerpt and tags."""
    preview = shown.preview
    if preview.get("kind") in {"article", "newsletter"}:
        return _article(shown.draft)
    parts: list[RenderableType] = [plain(str(preview.get("visible", shown.draft.content)))]
    if folded := str(preview.get("folded", "")).strip("\n"):
        parts += [Text("…more", "dim"), plain(folded)]
    return Padding(Group(*parts, *_images(shown.draft)), (1, 2))


def _article(draft: Draft) -> RenderableType:
    metadata = draft.metadata
    parts: list[RenderableType] = []
    if title := metadata.get("title"):
        parts += [plain(str(title), "bold"), Text()]
    if excerpt := metadata.get("excerpt"):
        parts += [plain(str(excerpt), "italic"), Text()]
    body = plain(draft.content)
    # Addresses are shown, not hidden behind their words: they are part of what is approved.
    parts.append(Markdown(body.plain, hyperlinks=False) if title else body)
    if tags := metadata.get("tags"):
        parts += [Text(), plain("Tags: " + ", ".join(map(str, tags)), "dim")]
    return Padding(Group(*parts, *_images(draft)), (1, 2))


def _images(draft: Draft) -> Iterator[Text]:
    for image in draft.media:
        yield plain(f"[image] {image.alt_text} ({image.url})", "dim")


def _grounds(draft: Draft, evaluation: Evaluation | None) -> list[RenderableType]:
    """Where in the source each sentence comes from, and what nothing in it supports."""
    doubted = evaluation.ungrounded if evaluation else []
    parts: list[RenderableType] = [
        plain(f"? “{each.quote}” {each.instruction}", "yellow") for each in doubted if each.quote
    ]
    if draft.provenance:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, max_width=28)
        for ground in draft.provenance:
            own = [] if ground.quote == ground.source_quote else [plain(ground.quote)]
            source = plain(f"“{ground.source_quote}”", "dim")
            grid.add_row(_place(ground), Group(*own, source))
        parts.append(Padding(Group(Text("Rests on", "bold"), grid), (1, 0, 0, 0)))
    return parts


def _place(ground: Ground) -> Text:
    if ground.place is None:
        return Text(f"passage {ground.passage}" if ground.passage else "title", "cyan")
    kind = "" if ground.place.kind in {"time", "chapter"} else f"{ground.place.kind} "
    return plain(f"{kind}{ground.place.label or ''}", "cyan")


def _facts(shown: Review, measured: Measured) -> Text:
    too_long = measured.length > measured.max_length
    facts = [Text(f"{measured.length} of {measured.max_length} {measured.unit}", "red" if too_long else "")]
    if measured.cost_usd:
        facts.append(Text(f"costs {measured.cost_usd.normalize():f} USD"))
    if shown.account:
        simulated = " (simulated)" if shown.account.simulated else ""
        facts.append(plain(f"as {shown.account.username}{simulated}"))
    else:
        facts.append(Text("no account: it will be held", "yellow"))
    facts.append(Text(local(shown.schedule_for) if shown.schedule_for else "at once"))
    if shown.draft.model:
        writer = "the offline writer" if shown.draft.model == OFFLINE else shown.draft.model
        facts.append(plain(f"written by {writer}"))
    return Text(" · ").join(facts)


def _whole(draft: Draft) -> str:
    head = [str(draft.metadata[name]) for name in ("title", "excerpt") if draft.metadata.get(name)]
    tags = draft.metadata.get("tags")
    return "\n\n".join([*head, draft.content, *([", ".join(map(str, tags))] if tags else [])])
