"""A writer and a critic that cost nothing, so that what is measured is everything else."""

from decimal import Decimal

from uuid_utils.compat import uuid7

from agents.base import (
    CRITERIA,
    OFFLINE,
    Finding,
    Judgement,
    JudgeRequest,
    Meter,
    ModelCall,
    Prompt,
    Usage,
    WriteRequest,
    Written,
)
from core.content import Content

_PROMPT = Prompt(OFFLINE, "null", "0" * 64)
_NOTHING = Usage(0, 0, Decimal(0), 0, "completed")


class NullAgents:
    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        await meter.after(ModelCall(uuid7(), "writer", OFFLINE, _PROMPT.hash, Decimal(0)), _NOTHING)
        return Written(Content(content=f"{request.brief.source.text} {uuid7()}"), _PROMPT)

    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        await meter.after(ModelCall(uuid7(), "critic", OFFLINE, _PROMPT.hash, Decimal(0)), _NOTHING)
        findings = {name: Finding(score=90, quote="", instruction="") for name in CRITERIA}
        return Judgement(findings, "", _PROMPT)
