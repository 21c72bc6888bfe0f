"""Rules of style that can be told from words alone: the offline writer obeys them, the offline critic holds drafts to them."""

import pytest

from agents.base import Brief, JudgeRequest, Source, WriteRequest
from agents.metadata import words
from agents.offline.critic import judge
from agents.offline.writer import compose
from core.content import Content
from platforms.registry import PLATFORMS, PlatformName

POLICY = PLATFORMS[PlatformName.LINKEDIN].policy
SOURCE = """Backups fail when nobody tries them! We restored 40 servers in 2025 🎉 and lost none of them!

A restore of the archive took nine minutes, which is four less than in 2024. #backups are only as good as their restore.
Teams that try one restore a week find three times as many broken copies. Have you tried yours this month?
The oldest copy that we could read was written in 2011, on a disk that nobody had labelled. What would you have done?

Each team utilizes a list of five questions, and 12 of 14 teams answered all of them within an hour. It cost 300 euros a year.
Whoever restores on Fridays knows on Mondays that the copies are good."""
BREAKS = {
    "Use no emoji.": "🎉",
    "Use no hashtags.": "#",
    "Use no exclamation marks.": "!",
    "End without a question.": "?",
    "Write “uses” instead of “utilizes”.": "utilizes",
}


def draft(*rules: str) -> str:
    brief = Brief(source=Source(text=SOURCE), rules=rules)
    return compose(WriteRequest(brief=brief, policy=POLICY, sequence=0)).content


@pytest.mark.parametrize("rule", BREAKS)
def test_the_writer_obeys(rule: str) -> None:
    assert BREAKS[rule] in draft()
    text = draft(rule)
    assert BREAKS[rule] not in text
    assert len(words(text)) > 30, "and has still something to say"


def test_the_writer_keeps_to_a_length() -> None:
    assert len(words(draft())) > 60 >= len(words(draft("Use at most 60 words.")))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("Use no emoji.", "We restored 40 servers 🎉."),
        ("Use no hashtags.", "We restored 40 servers. #backups"),
        ("Use no exclamation marks.", "We restored 40 servers!"),
        ("End without a question.", "We restored 40 servers. And you?"),
        ("Write “uses” instead of “utilizes”.", "Each team utilizes a list of 40 servers."),
        ("Use at most 10 words.", "We restored 40 servers in 2025 and we lost none of them at all."),
    ],
)
def test_the_critic_holds_a_draft_to_it(rule: str, text: str) -> None:
    def style(*rules: str) -> int:
        brief = Brief(source=Source(text=SOURCE), rules=rules)
        request = JudgeRequest(brief=brief, policy=POLICY, content=Content(content=text))
        return judge(request).findings["style_consistency"].score

    assert style(rule) < style() == style("Say what it is about.")
