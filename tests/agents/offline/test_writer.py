"""The offline writer on the example articles and on whatever else people paste."""

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.base import OFFLINE, Attempt, Brief, Finding, Judgement, Source, WriteRequest
from agents.facts import carried, facts, foreign_numbers
from agents.metadata import words
from agents.offline.sentences import ended, sentences
from agents.offline.writer import OfflineWriter, compose
from agents.shapes import HOOK_CHARACTERS, flaws
from core.content import Content
from core.policy import Policy
from platforms.registry import PLATFORMS, PlatformName
from platforms.x.policy import policy as x_policy
from tests.agents.conftest import Ledger

Write = Callable[..., Content]
MakeBrief = Callable[..., Brief]
BLOG = PLATFORMS[PlatformName.BLOG].policy
LINKEDIN = PLATFORMS[PlatformName.LINKEDIN].policy
X = PLATFORMS[PlatformName.X].policy


def said(content: Content) -> list[str]:
    prose = regex.sub(r"(?ms)^```.*?^```$|^#+ .*$", "", content.content)
    return [one for line in prose.splitlines() for one in sentences(line.lstrip("-• "))]


def test_the_examples_are_five_articles(article: str) -> None:
    assert article.startswith("# ")
    assert 600 <= len(article.split()) <= 1500


def test_an_example_becomes_a_post_of_the_platforms_shape(
    article: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    content = write(brief(article), policy)
    assert policy.for_writer(policy.violations(content)) == ()
    assert flaws(policy.platform, content) == ()
    assert len(carried(content.content, facts(article))) >= 3
    assert foreign_numbers(content.content, article) == ()
    spoken = [one.casefold() for one in said(content)]
    assert len(spoken) == len(set(spoken))


def test_it_says_only_what_the_source_says(
    article: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    def bare(text: str) -> str:
        """Without space, marks of Markdown and full stops, which a heading has not and a sentence has."""
        return regex.sub(r"[\s`*_\\#.]+", "", text)

    for sentence in said(write(brief(article), policy)):
        assert bare(sentence) in bare(article)


def test_linkedin_opens_with_a_hook_and_keeps_paragraphs_short(
    article: str, brief: MakeBrief, write: Write
) -> None:
    paragraphs = write(brief(article), LINKEDIN).content.split("\n\n")
    assert len(paragraphs[0]) <= HOOK_CHARACTERS
    assert len(paragraphs) >= 4
    assert max(map(len, paragraphs)) <= 350


def test_x_gets_one_whole_thought(article: str, brief: MakeBrief, write: Write) -> None:
    text = write(brief(article), X).content
    assert regex.search(r"[.!?][\"”]?$", text)
    assert "…" not in text
    assert "\n" not in text


def test_a_blog_article_has_all_its_parts(article: str, brief: MakeBrief, write: Write) -> None:
    content = write(brief(article), BLOG)
    headings = regex.findall(r"(?m)^## (.+)$", content.content)
    assert content.title
    assert f"# {content.title}" in article
    assert len(headings) >= 3
    assert content.title not in headings
    excerpt = content.metadata["excerpt"]
    assert isinstance(excerpt, str)
    assert 0 < len(excerpt) <= 300
    assert content.tags
    assert content.metadata["keywords"]
    assert content.metadata["word_count"] == pytest.approx(len(words(content.content)), abs=30)
    assert content.metadata["reading_time"] in {1, 2, 3, 4}


def test_code_and_lists_stay_what_they_are(brief: MakeBrief, write: Write) -> None:
    article = (
        "# How to tidy\n\nTidying takes 5 minutes and saves 20 later. Ann Lee found that out in Oslo.\n\n"
        "## Look\n\nFirst look at what there is. These 3 things matter:\n\n- `a_b` files\n- *old* logs\n- <b>tags</b>\n\n"
        "## Delete\n\nThen delete what nobody has opened since 2021:\n\n```sh\nrm -rf build  # ``` \n```\n\n"
        "That is all there is to it."
    )
    text = write(brief(article), BLOG).content
    assert "```sh\nrm -rf build" in text or "````sh\nrm -rf build" in text
    assert "These 3 things matter:\n\n- a_b files\n- old logs\n- tags" in text


def test_the_same_request_makes_the_same_draft(
    article: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    assert write(brief(article), policy) == write(brief(article), policy)


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


async def test_it_passes_its_text_on_and_is_on_the_record_as_offline(
    incident: str, brief: MakeBrief, ledger: Ledger
) -> None:
    written = await OfflineWriter().write(WriteRequest(brief(incident), X, 0), ledger)
    assert written.prompt.model == OFFLINE
    assert [text for _, text in ledger.deltas] == [written.content.content]
    ((call, usage),) = ledger.usages
    assert call.model == OFFLINE
    assert usage.status == "completed"
    assert usage.input_tokens == usage.output_tokens == usage.cost_usd == 0


ODD = {
    "one word": "Hello",
    "two sentences": "Hello. The world is big.",
    "emoji": "🎉🎉🎉",
    "a family of emoji": "👩‍👩‍👧‍👦🇩🇪" * 3000,
    "arabic": "مرحبا بالعالم. كيف حالك؟ أنا بخير اليوم. نشرنا الإصدار 4 في برلين.",
    "hebrew": "שלום עולם",
    "japanese": "これは文です。次の文です！終わりは2024年です。",
    "chinese": "".join(f"今天我们发布了第{n}版，它比旧版本快三倍。" for n in range(80)),
    "thai": "สวัสดีชาวโลก วันนี้อากาศดี",
    "html": "<h1>News</h1><p>Ann has 3 cats &amp; <b>2</b> dogs.</p><script>alert(1)</script><ul><li>a</li></ul>",
    "a title and nothing else": "# Only",
    "code": "```\nprint(1)\n```",
    "a line": "---",
    "an image": "![](x.png)\n\nWhat an image of 4 trees.",
    "a link": "https://example.com/some/path",
    "cashtags": "$AAPL and $TSLA rose. $GOOG fell. Then all three recovered by 5%.",
    "a list": "- one\n- two\n- three",
    "questions": "Why? Why not? Really?",
    "no sentence": "word " * 500,
    "one long word": "x" * 5000,
    "one long sentence": "We count " + ", ".join(f"{n} apples" for n in range(400)) + ".",
    "marks of order": "\ufeffHello there, this is a test of 5 things.",
    "front matter": "---\ntitle: From the front\n---\n\nThe text has 3 words more.",
    "only questions marks": "???",
}


@pytest.mark.parametrize("text", ODD.values(), ids=list(ODD))
def test_whatever_is_pasted_becomes_a_draft_that_may_go_out(
    text: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    content = write(brief(text), policy)
    assert content.content.strip()
    assert policy.for_writer(policy.violations(content)) == ()
    again = write(brief(text), policy, 1, content)
    assert policy.for_writer(policy.violations(again)) == ()
    assert again.content != content.content


def test_what_is_small_is_said_in_its_own_words(policy: Policy, brief: MakeBrief, write: Write) -> None:
    assert write(brief("Hello"), policy).content in {"Hello", "Hello."}
    assert "alert" not in write(brief(ODD["html"]), policy).content
    assert write(brief(ODD["front matter"]), BLOG).title == "From the front"


def test_a_source_without_headings_gets_some_of_its_own_words(
    incident: str, brief: MakeBrief, write: Write
) -> None:
    bare = regex.sub(r"(?m)^(#.*|- .*)\n", "", incident)
    content = write(brief(bare), BLOG)
    assert flaws("blog", content) == ()
    for heading in regex.findall(r"(?m)^## (.+)$", content.content):
        assert heading.casefold() in bare.casefold()


BIG = {
    "sentences": "".join(f"This is sentence {n} about Berlin. " for n in range(30_000)),
    "paragraphs": "".join(f"Name{n} Foo{n} did {n} things in City{n}.\n\n" for n in range(24_000)),
    "a word": "a" * 1_000_000,
    "brackets": "[" * 1_000_000,
    "tags": "<div " * 200_000,
    "emoji": "🎉" * 1_000_000,
    "lines": "a\n" * 500_000,
    "quotes": '"' * 1_000_000,
}


@pytest.mark.parametrize("policy", [X, BLOG], ids=["x", "blog"])
@pytest.mark.parametrize("text", BIG.values(), ids=list(BIG))
def test_a_million_characters_take_less_than_two_seconds(
    text: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    started = time.process_time()
    content = write(brief(text[:1_000_000]), policy)
    assert time.process_time() - started < 2
    assert policy.for_writer(policy.violations(content)) == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=400).filter(str.strip), sequence=st.integers(0, 3))
def test_no_text_breaks_it(text: str, sequence: int, policy: Policy) -> None:
    brief = Brief(source=Source(text=text))
    content = compose(WriteRequest(brief, policy, sequence))
    assert content.content
    assert policy.measure(content.content) <= policy.max_length


SPOKEN = (
    "Good morning everybody. My name is Ada and I run the bakery on Harbour Street. "
    "Within six weeks of March the waste fell to seven loaves a day. We did three things that any shop could copy. "
    "First, we counted what we threw away, every evening, on a sheet of paper. "
    "Second, we told customers the number. Third, we gave the person at the till the right to set the price. "
    "Next year we want to reach zero with every bakery in town. Thank you."
)


def test_what_somebody_said_is_told_without_greetings_and_in_its_order(policy: Policy, write: Write) -> None:
    content = write(Brief(source=Source(type="file", text=SPOKEN, title="talk_2026")), policy)
    assert not regex.search(r"talk_2026|Good morning|Thank you", f"{content.title} {content.content}")
    assert not content.title or not str(content.metadata["excerpt"]).startswith(content.title)
    counted = [number for number in ("First,", "Second,", "Third,") if number in content.content]
    assert counted == ["First,", "Second,", "Third,"][: len(counted)]
    assert not counted or "three things" in content.content


def test_a_newsletter_is_a_letter_below_its_subject(article: str, brief: MakeBrief, write: Write) -> None:
    content = write(brief(article), PLATFORMS[PlatformName.EMAIL].policy)
    assert 5 < len(content.title) <= 100
    assert "#" not in content.content
    assert not content.content.startswith(content.title)
    assert not content.content.startswith(str(content.metadata["excerpt"]))
    assert max(map(len, content.content.split("\n\n"))) <= 350


def test_of_a_table_pairs_are_told_and_what_is_wider_is_not(write: Write) -> None:
    text = (
        "# The trial\n\nFrom April to June our team of fourteen worked four days a week.\n\n"
        "| Measure | Value |\n| --- | --- |\n| Satisfaction | 4.6 of 5 |\n\n"
        "| Month | Tickets | Answered |\n| --- | --- | --- |\n| April | 412 | 398 |\n\nWe keep it for a year."
    )
    content = write(Brief(source=Source(text=text)), BLOG).content
    assert "- Satisfaction: 4.6 of 5" in content
    assert not regex.search(r"\||Measure|398", content)


def test_a_first_heading_that_is_nearly_the_title_is_not_said_again(write: Write) -> None:
    text = "## Tides: a year on the estuary\n\nIn 2025 we lowered three turbines. They made 612 megawatt hours in it."
    source = Source(
        text=f"{text}\n\n## Costs\n\nEach hour cost 143 euros.", title="Tides: a year on an estuary"
    )
    assert "a year on" not in write(Brief(source=source), BLOG).content


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


PAPER = """# Cranes in reserve

Supported by the Harbour Fund, grant 118. Corresponding author: maria@example.org.

## 1. Introduction

Terminals try to keep each of their 14 cranes busy all the time [1, 2]. Of 1,912 ships only 41 percent came in time (see
Figure 1). Our paper, vol. 12, no. 3 of the series, shows that a busy crane is no fast crane at all.

Table 1: Ships and cranes in 2024.

## 2.1 Results

A crane in reserve cut the average waiting time by 46 percent in Rotterdam. Small ships waited 19 minutes longer.

## References

[1] Smith, J. and Lee, K. Scheduling of cranes in 2019. Transport Reviews. doi:10.1000/xyz
"""


def test_what_only_belongs_to_a_paper_is_not_said(policy: Policy, write: Write) -> None:
    content = write(Brief(source=Source(text=PAPER)), policy)
    said = f"{content.title}\n{content.content}\n{content.metadata.get('excerpt')}"
    for strange in ("[1", "Smith", "References", "Figure", "Table 1", "Supported", "@", "1.", "2.1"):
        assert strange not in said
    assert not any(one.endswith((" no.", "vol.")) for one in sentences(content.content))
    assert "14 cranes" in said or "46 percent" in said
