"""What the brief, a reviewer or the critic asks for, the offline writer does."""

from collections.abc import Callable
from itertools import pairwise

from agents.base import Attempt, Brief, Finding, Judgement, WriteRequest
from agents.facts import carried, facts
from agents.metadata import words
from agents.offline.sentences import ended, sentences
from agents.offline.writer import compose
from core.content import Content
from core.policy import Policy
from platforms.registry import PLATFORMS, PlatformName
from platforms.x.policy import policy as x_policy

Write = Callable[..., Content]
MakeBrief = Callable[..., Brief]
LINKEDIN = PLATFORMS[PlatformName.LINKEDIN].policy
X = PLATFORMS[PlatformName.X].policy


def test_every_round_makes_another_draft_that_may_go_out(
    article: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    first = write(brief(article), policy)
    drafts = [first, *(write(brief(article), policy, sequence, first) for sequence in range(1, 4))]
    assert len({draft.content for draft in drafts}) == len(drafts)
    assert all(policy.for_writer(policy.violations(draft)) == () for draft in drafts)


def test_shorter_is_shorter_and_again_shorter(
    incident: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    drafts = [write(brief(incident), policy)]
    for sequence in (1, 2):
        drafts.append(
            write(brief(incident), policy, sequence, drafts[-1], feedback="Too long, make it shorter.")
        )
    for longer, shorter in pairwise(drafts):
        assert len(words(shorter.content)) < len(words(longer.content))


def test_longer_is_longer(incident: str, brief: MakeBrief, write: Write) -> None:
    first = write(brief(incident), LINKEDIN)
    second = write(brief(incident), LINKEDIN, 1, first, feedback="Please add more detail.")
    assert len(words(second.content)) > len(words(first.content)) * 1.2


def test_another_opening_is_another_opening(
    article: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    first = write(brief(article), policy)
    second = write(brief(article), policy, 1, first, feedback="Please find a stronger opening.")
    assert sentences(second.content)[0] != sentences(first.content)[0]


def test_what_is_not_to_be_mentioned_is_not(
    incident: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    first = write(brief(incident), policy)
    second = write(brief(incident), policy, 1, first, feedback="Don't mention Haddad or Norrland. No quotes.")
    for name in ("Haddad", "Norrland", '"'):
        assert name not in second.content
    assert second.content != first.content


def test_a_name_that_ends_with_a_sign_is_not_mentioned_either(brief: MakeBrief, write: Write) -> None:
    article = "We moved 14 services to C++ in May. Restarts fell from 40 to 9 seconds. Nobody has missed the old ones."
    asked = write(brief(article), X, 1, Content(content="We moved."), feedback='Never mention "C++".')
    assert "C++" not in asked.content
    assert "40 to 9" in asked.content


def test_what_is_to_be_mentioned_is(incident: str, policy: Policy, brief: MakeBrief, write: Write) -> None:
    first = write(brief(incident), policy)
    second = write(brief(incident), policy, 1, first, feedback="Mention the concert in Malmö.")
    assert "Malmö" in second.content


def test_numbers_are_added_when_they_are_missed(brief: MakeBrief, write: Write) -> None:
    article = (
        "The team moved house in spring and everybody is glad about the light and the quiet. "
        "People like the new rooms, the plants in the hall and the coffee from the corner shop. "
        "Rent fell from 4,100 to 2,950 euros a month. The move took 3 days and 14 volunteers. "
        "The neighbours have been kind from the first day and have brought bread and salt to the team. "
        "Anna Berg found the house in 2023 when she was looking for a bakery in Lund."
    )
    first = Content(
        content="People like the new rooms, the plants in the hall and the coffee from the corner shop."
    )
    second = write(brief(article), X, 1, first, feedback="Where are the numbers?")
    assert len(facts(second.content).numbers) >= 3


def test_a_plan_that_says_bullets_gets_bullets_and_no_questions_means_none(
    incident: str, brief: MakeBrief, write: Write
) -> None:
    first = write(brief(incident), LINKEDIN)
    assert "\n• " in write(brief(incident), LINKEDIN, 1, first, feedback="Use bullet points").content
    asking = (
        f"{incident}\n\nWhy does it take 47 minutes to read 1 date? Nobody at Kestrel Pay knows the answer."
    )
    assert "?" not in write(brief(asking), LINKEDIN, 1, first, feedback="No questions, please").content


def test_the_critics_advice_is_heeded(brief: MakeBrief, incident: str) -> None:
    dull = Content(content="Nothing changes. We checked the file. No payment was charged twice.")
    advice = Finding(score=40, quote="", instruction="Add numbers or names of the source.")
    better = compose(WriteRequest(brief(incident), LINKEDIN, 1, Attempt(dull, {"engagement": advice})))
    assert len(carried(better.content, facts(incident))) >= 8


def test_wishes_of_the_brief_are_heeded(incident: str, brief: MakeBrief, write: Write) -> None:
    short = write(brief(incident, target_length=60), LINKEDIN)
    assert 30 <= len(words(short.content)) <= 80
    tagged = write(brief(incident, keywords=("public status page", "incident")), LINKEDIN).content
    assert tagged.endswith("#PublicStatusPage #Incident")
    assert "public status page" in tagged
    many = write(brief(incident, keywords=("one", "two", "three", "four")), LINKEDIN).content
    assert many.count("#") == 3
    formal = write(
        brief("Sales rose by 5%! Everybody is happy. Costs fell by 3% in May.", tone_of_voice="formal"), X
    )
    assert "!" not in formal.content
    informal = write(brief("Sales rose by 5% 🎉! Costs fell by 3% in May.", tone_of_voice="Informal"), X)
    assert "5% 🎉!" in informal.content


def test_a_template_that_asks_for_a_thread_gets_one_where_there_may_be_one(
    article: str, brief: MakeBrief, write: Write, score: Callable[..., tuple[int, Judgement]]
) -> None:
    asking = brief(article).model_copy(update={"template": "Write a thread about it: one thought to a post."})
    policy = x_policy(threads=True)
    thread = write(asking, policy)
    parts = policy.split(thread.content)
    assert 3 <= len(parts) <= 8
    assert not policy.violations(thread)
    assert all(map(ended, parts))
    assert score(asking, policy, thread)[0] >= 85
    assert len(policy.split(write(asking, policy, 1, thread).content)) > 1
    refused = write(asking, policy, 1, thread, feedback="No thread, please.")
    assert len(policy.split(refused.content)) == 1
    assert "---" not in write(asking, x_policy(threads=False)).content
