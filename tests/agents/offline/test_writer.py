"""The offline writer on the example articles."""

from collections.abc import Callable

import pytest
import regex

from agents.base import OFFLINE, Brief, WriteRequest
from agents.facts import carried, digits_of, facts, foreign_numbers
from agents.metadata import words
from agents.offline.sentences import sentences
from agents.offline.writer import OfflineWriter
from agents.shapes import HOOK_CHARACTERS, flaws
from core.content import Content
from core.policy import Policy
from platforms.registry import PLATFORMS, PlatformName
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
    assert foreign_numbers(content.content, digits_of(article)) == ()
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


def test_the_same_request_makes_the_same_draft(
    article: str, policy: Policy, brief: MakeBrief, write: Write
) -> None:
    assert write(brief(article), policy) == write(brief(article), policy)


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


def test_a_newsletter_is_a_letter_below_its_subject(article: str, brief: MakeBrief, write: Write) -> None:
    content = write(brief(article), PLATFORMS[PlatformName.EMAIL].policy)
    assert 5 < len(content.title) <= 100
    assert "#" not in content.content
    assert not content.content.startswith(content.title)
    assert not content.content.startswith(str(content.metadata["excerpt"]))
    assert max(map(len, content.content.split("\n\n"))) <= 350
