"""A newsletter: what a post says, as Markdown below a subject. One thing, told in a minute, without headings."""

from collections.abc import Iterator

from agents.offline.article import escaped
from agents.offline.label import content_of
from agents.offline.material import Material
from agents.offline.post import texts
from core.content import Content


def letters(material: Material) -> Iterator[Content]:
    """The best first; each opens with another sentence."""
    for text in texts(material):
        content = content_of(material, "\n\n".join(map(escaped, text.split("\n\n"))))
        shown = {name: value for name, value in content.metadata.items() if name != "tags"}
        yield content.model_copy(update={"metadata": shown})
