from collections.abc import Callable
from pathlib import Path

import pytest

from agents.base import Attempt, Brief, Judgement, JudgeRequest, WriteRequest
from agents.offline.critic import judge
from agents.offline.writer import compose
from core.content import Content
from core.policy import Policy
from platforms.registry import PLATFORMS, PlatformName

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.md"))


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def article(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text(encoding="utf-8")


@pytest.fixture
def incident() -> str:
    return next(path for path in EXAMPLES if "incident" in path.stem).read_text(encoding="utf-8")


@pytest.fixture(params=list(PlatformName))
def policy(request: pytest.FixtureRequest) -> Policy:
    name: PlatformName = request.param
    return PLATFORMS[name].policy


@pytest.fixture
def write() -> Callable[..., Content]:
    def make(
        brief: Brief, policy: Policy, sequence: int = 0, previous: Content | None = None, **more: object
    ) -> Content:
        feedback = more.get("feedback")
        assert feedback is None or isinstance(feedback, str)
        attempt = Attempt(previous) if previous is not None else None
        return compose(WriteRequest(brief, policy, sequence, attempt, feedback))

    return make


@pytest.fixture
def score() -> Callable[[Brief, Policy, Content], tuple[int, Judgement]]:
    """The overall score as the loop computes it with even weights, and the judgement."""

    def make(brief: Brief, policy: Policy, content: Content) -> tuple[int, Judgement]:
        judged = judge(JudgeRequest(brief, policy, content, policy.for_writer(policy.violations(content))))
        return round(sum(finding.score for finding in judged.findings.values()) / 5), judged

    return make
