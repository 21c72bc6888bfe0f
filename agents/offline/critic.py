"""The critic that needs no model: rules that a person could check with a pencil."""

from functools import partial

from agents.base import Judgement, JudgeRequest, Meter
from agents.grounding import unsupported
from agents.offline.call import PROMPT, metered
from agents.offline.measures import Draft
from agents.offline.rubric import findings
from agents.offline.wishes import PASSING


class OfflineCritic:
    """Deterministic. It counts and compares; it does not understand."""

    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        return await metered("critic", meter, partial(judge, request))


def judge(request: JudgeRequest) -> Judgement:
    found = findings(Draft(request))
    weak = sorted(
        (finding.score, name, finding) for name, finding in found.items() if finding.score < PASSING
    )
    advice = " ".join(dict.fromkeys(finding.instruction for _, _, finding in weak))
    advice = advice or "Nothing stands out against it."
    return Judgement(found, advice, PROMPT, unsupported(request))
