"""The critic that needs no model: rules that a person could check with a pencil."""

import asyncio

from agents.base import Judgement, JudgeRequest, Meter
from agents.offline.measures import Draft
from agents.offline.rubric import findings
from agents.offline.wishes import PASSING
from agents.offline.writer import PROMPT


class OfflineCritic:
    """Deterministic. It counts and compares; it does not understand. It makes no model call."""

    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        return await asyncio.to_thread(judge, request)


def judge(request: JudgeRequest) -> Judgement:
    found = findings(Draft(request))
    weak = sorted(
        (finding.score, name, finding) for name, finding in found.items() if finding.score < PASSING
    )
    advice = " ".join(dict.fromkeys(finding.instruction for _, _, finding in weak))
    return Judgement(found, advice or "Nothing stands out against it.", PROMPT)
