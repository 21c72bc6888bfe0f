"""Quotable passages without a language model: the sentences that carry what was said, and can stand alone."""

from typing import Final

from agents.base import Brief, Meter, Source
from agents.offline.call import metered
from agents.offline.ranking import Sentence, ranked
from agents.offline.reading import Article, Block, Section
from agents.offline.sentences import sentences
from agents.offline.wishes import Wishes
from agents.quoter import apart

SHORT: Final = 40
"""Characters; what is shorter says little by itself."""
LONG: Final = 400


class OfflineQuoter:
    async def quotes(self, text: str, count: int, meter: Meter) -> list[str]:
        return await metered("quoter", meter, lambda: _quotes(text, count))


def _quotes(text: str, count: int) -> list[str]:
    paragraphs = [tuple(sentences(paragraph)) for paragraph in text.split("\n\n")]
    article = Article(None, (Section(None, [Block("paragraph", one) for one in paragraphs if one]),))
    found = ranked(article, Brief(source=Source(text=text)), Wishes(questions=False))
    best = sorted(found, key=lambda one: (not _stands(one), -one.score, one.place))
    return apart(text, (one.text for one in best if SHORT <= len(one.text) <= LONG), count)


def _stands(sentence: Sentence) -> bool:
    return sentence.prose and not sentence.leans
