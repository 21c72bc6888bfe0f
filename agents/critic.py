"""The critic that asks a language model."""

import asyncio
from dataclasses import dataclass

from agents.answers import Judgment
from agents.base import Finding, Judgement, JudgeRequest, Meter, Remark
from agents.evidence import span
from agents.grounding import unsupported
from agents.llm import Model
from agents.prompt import Question, article, fenced, fill, platform_values, wishes


@dataclass(frozen=True, slots=True)
class ModelCritic:
    model: Model

    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        """Scores are the model's own; a quote that is not in the draft becomes the nearest span, or empty. What it finds
        unsupported stands beside what code finds.
        Raises ModelFailed, and BudgetExceeded through the meter."""
        answer, prompt = await self.model.ask(question(request), Judgment, meter)
        text = request.content.content
        findings = {
            criterion: Finding(
                score=opinion.score, quote=span(opinion.quote, text), instruction=opinion.instruction.strip()
            )
            for criterion, opinion in answer.opinions().items()
        }
        judged = [
            Remark(quote=span(claim.quote, text), instruction=claim.instruction.strip())
            for claim in answer.ungrounded
        ]
        ungrounded = await asyncio.to_thread(unsupported, request, judged)
        return Judgement(findings, answer.feedback.strip(), prompt, ungrounded)


def question(request: JudgeRequest) -> Question:
    content = request.content
    metadata = "".join(f"{name}: {value}\n" for name, value in content.metadata.items())
    material = article(request.brief)
    if request.brief.notes:
        # The notes have left out what the draft's own words can be compared with.
        material["article, the sentences that the draft rests on"] = "\n".join(
            dict.fromkeys(f"[{ground.passage}] {ground.source_quote}" for ground in request.grounds)
        )
    for number, sample in enumerate(request.brief.style_samples, 1):
        material[f"style sample {number}"] = sample
    material["draft"] = f"{metadata}\n{content.content}" if metadata else content.content
    brief = wishes(request.brief)
    if request.feedback:
        brief += f"\n- The reviewer asked for this: {request.feedback}"
    rules = "\n".join(f"- {violation.message} {violation.remedy}" for violation in request.violations)
    return Question(
        system=fill("critic", platform_values(request.policy)),
        user=fill(
            "judge",
            {"brief": brief, "material": fenced(material), "violations": rules or "None."},
        ),
    )
