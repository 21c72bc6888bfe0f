"""Prompts are files; what was written by others goes into them inside a fence."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from agents.base import Brief, Note, Prompt
from agents.passages import passages
from core.policy import Policy


@dataclass(frozen=True, slots=True)
class Question:
    """One prompt as a system and a user message."""

    system: str
    user: str

    def prompt(self, model: str) -> Prompt:
        text = f"{self.system}\n\n---\n\n{self.user}"
        return Prompt(model=model, text=text, hash=hashlib.sha256(text.encode()).hexdigest())


def fill(name: str, values: Mapping[str, object]) -> str:
    """The prompt file `name` with its `$placeholders` filled in; a value's own dollar signs stay as they are."""
    return _template(name).substitute(values)


def fenced(material: Mapping[str, str]) -> str:
    """Each text under its name, as data.

    The fence is a hash over all of the texts: nobody can write a text that holds the hash of itself, so none can
    close its own fence, and the same material always makes the same prompt.
    """
    fence = hashlib.sha256(
        "\0".join(f"{name}\0{text}" for name, text in material.items()).encode()
    ).hexdigest()
    fence = fence[:24]
    return "\n\n".join(
        f'<data name="{name}" fence="{fence}">\n{text}\n</data fence="{fence}">'
        for name, text in material.items()
    )


def platform_values(policy: Policy) -> dict[str, object]:
    return {
        "label": policy.label,
        "unit": policy.unit,
        "max_length": policy.max_length,
        "guidance": "\n".join(f"- {sentence}" for sentence in policy.guidance),
        "limits": "".join(f"\n- {limit}" for limit in _limits(policy)),
    }


def wishes(brief: Brief) -> str:
    """The brief's instructions; its source and its samples are data and go into the fence."""
    lines = [
        ("Tone of voice", brief.tone_of_voice),
        ("Audience", brief.audience),
        ("Language", brief.language or "the language of the article"),
        ("Length", f"about {brief.target_length} words" if brief.target_length else None),
        ("Keywords to use where they fit", ", ".join(brief.keywords)),
    ]
    said = [f"- {name}: {value}" for name, value in lines if value]
    if brief.rules:
        said.append(
            "- Rules of style that hold for every post:\n" + "\n".join(f"  - {rule}" for rule in brief.rules)
        )
    if brief.template:
        said.append(f"- Follow this template:\n{brief.template}")
    return "\n".join(said)


def article(brief: Brief) -> dict[str, str]:
    """The source as material, by its numbered passages, or what was noted of them."""
    source = brief.source
    lines = [
        f"{name}: {value}" for name, value in (("[0] Title", source.title), ("URL", source.url)) if value
    ]
    if brief.notes:
        return {"article, condensed to notes": "\n\n".join([*lines, *noted(brief.notes)])}
    texts = (f"[{passage.number}] {passage.text}" for passage in passages(source))
    return {"article": "\n\n".join([*lines, *texts])}


def noted(notes: Sequence[Note]) -> Iterator[str]:
    """Below their headings, each with the numbers of its passages before it."""
    heading = None
    for note in notes:
        if note.heading and note.heading != heading:
            heading = note.heading
            yield f"## {heading}"
        yield f"[{', '.join(map(str, note.passages))}] {note.text}"


def _limits(policy: Policy) -> list[str]:
    limits = [
        ("title", policy.title_max, "characters"),
        ("excerpt", policy.excerpt_max, "characters"),
        ("tags", policy.tags_max, "of them"),
        ("each tag", policy.tag_max, "characters"),
    ]
    said = [f"At most {limit} {unit} in `{name}`." for name, limit, unit in limits if limit is not None]
    if policy.max_parts > 1:
        said.append(f"A thread has at most {policy.max_parts} posts, and each of them may be that long.")
    return said


@cache
def _template(name: str) -> Template:
    return Template(files("agents").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8"))
