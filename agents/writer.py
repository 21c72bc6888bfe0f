"""The writer that asks a language model."""

import asyncio
from dataclasses import dataclass

from agents import condense
from agents.answers import Article, Basis, Post
from agents.base import Attempt, CondenseRequest, Ground, Meter, Note, Prompt, WriteRequest, Written
from agents.llm import Model
from agents.metadata import article_metadata
from agents.prompt import Question, article, fenced, fill, platform_values, wishes
from agents.provenance import Claimed, trace
from core.content import Content

FIRST = "Write the post."
NEXT = (
    "Write the post anew, better than the earlier draft: do what the reviewer says, mend every broken rule, "
    "and follow the notes where they do not contradict either."
)


@dataclass(frozen=True, slots=True)
class ModelWriter:
    model: Model
    window_words: int

    def condensing_prompt(self, request: CondenseRequest) -> Prompt:
        return condense.question(request).prompt(self.model.name)

    async def condense(self, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]:
        """Raises as `write` does."""
        return await condense.condensed(self.model, request, meter)

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        """Raises ModelFailed, and BudgetExceeded through the meter."""
        asked = question(request)
        if request.policy.title_max is None:
            post, prompt = await self.model.ask(asked, Post, meter, watched="content")
            text = post.content.strip()
            return Written(Content(content=text), prompt, await _grounds(request, text, post.grounds))
        answer, prompt = await self.model.ask(asked, Article, meter, watched="content")
        text = answer.content.strip()
        metadata = article_metadata(
            text,
            title=answer.title.strip(),
            excerpt=answer.excerpt.strip(),
            tags=answer.tags,
            keywords=answer.keywords,
        )
        grounds = await _grounds(request, text, answer.grounds)
        return Written(Content(content=text, metadata=metadata), prompt, grounds)


async def _grounds(request: WriteRequest, text: str, named: list[Basis]) -> tuple[Ground, ...]:
    claimed = [Claimed(basis.quote, basis.passage) for basis in named]
    # In a thread: a source may have a million characters.
    return await asyncio.to_thread(trace, text, request.brief.source, claimed)


def question(request: WriteRequest) -> Question:
    brief, previous = request.brief, request.previous
    material = article(brief)
    for number, sample in enumerate(brief.style_samples, 1):
        material[f"style sample {number}: its manner only, none of its facts"] = sample
    if previous is not None:
        material["earlier draft"] = _draft(previous)
        material["notes on the earlier draft"] = _notes(previous)
    feedback = f"\n# Feedback of the reviewer\n{request.feedback}\n" if request.feedback else ""
    return Question(
        system=fill("writer", platform_values(request.policy)),
        user=fill(
            "write",
            {
                "brief": wishes(brief),
                "material": fenced(material),
                "feedback": feedback,
                "task": FIRST if previous is None and not request.feedback else NEXT,
            },
        ),
    )


def _draft(attempt: Attempt) -> str:
    title = f"Title: {attempt.content.title}\n\n" if attempt.content.title else ""
    return f"{title}{attempt.content.content}"


def _notes(attempt: Attempt) -> str:
    notes = [f"Broken rule: {violation.message} {violation.remedy}" for violation in attempt.violations]
    notes += [f'Unsupported: "{remark.quote}" {remark.instruction}' for remark in attempt.ungrounded]
    notes += [
        f'{criterion} {finding.score}/100: {finding.instruction} (about: "{finding.quote}")'
        for criterion, finding in attempt.findings.items()
    ]
    return "\n".join(notes) or "None."
