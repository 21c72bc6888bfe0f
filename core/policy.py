"""The type of a platform's rules. Their values live beside each adapter; prompt, critic, validation and adapter
all read the same ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from core.content import Content


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a content breaks. `field` is a JSON pointer into the content: `/content`, `/metadata/title`, `/media/0`."""

    code: str
    field: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` posts per account in a window of `window_seconds`."""

    bucket: str
    limit: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Shapes:
    """Of pictures: width by height."""

    narrowest: float
    widest: float
    named: str

    def take(self, width: int, height: int) -> bool:
        return self.narrowest <= width / height <= self.widest


Check = Callable[[Content], tuple[Violation, ...]]


@dataclass(frozen=True, slots=True)
class Policy:
    """A platform's limits as data. `measure` counts a text as the platform counts it, in `unit`s."""

    platform: str
    label: str
    unit: str
    max_length: int
    """Of each part."""
    measure: Callable[[str], int]
    guidance: tuple[str, ...]
    """What a good post on this platform does; sentences for the writer and the critic."""
    split: Callable[[str], tuple[str, ...]] = field(default=lambda text: (text,))
    """The posts that a text becomes, one after the other: a thread's parts."""
    max_parts: int = 1
    markdown: bool = False
    """Whether its texts are Markdown; elsewhere what is typed is what is shown."""
    title_max: int | None = None
    title_required: bool = False
    excerpt_max: int | None = None
    tags_max: int | None = None
    tag_max: int | None = None
    media_max: int = 0
    image_types: tuple[str, ...] = ()
    image_max_bytes: int = 0
    image_shapes: Shapes | None = None
    """None: it takes any."""
    alt_text_max: int = 0
    quotas: tuple[Quota, ...] = ()
    cost_usd: Callable[[Content], str] = field(default=lambda _: "0")
    """Decimal string: what the platform charges to create this post."""
    checks: tuple[Check, ...] = ()
    """Rules beyond the limits above."""
    for_reviewer: frozenset[str] = frozenset()
    """Codes of violations that words cannot mend, a picture that is missing: no round is spent on them, they wait in
    the review."""

    def violations(self, content: Content) -> tuple[Violation, ...]:
        """Every rule that `content` breaks, in the order a person would fix them; empty when it may go out."""
        found = [*self._text(content.content), *self._metadata(content)]
        found += self._media(content)
        for check in self.checks:
            found += check(content)
        return tuple(found)

    def for_writer(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Those that another draft can mend."""
        return tuple(each for each in violations if each.code not in self.for_reviewer)

    def lengths(self, text: str) -> tuple[int, ...]:
        """Of each part, in `unit`s."""
        return tuple(self.measure(part) for part in self.split(text))

    def _text(self, text: str) -> list[Violation]:
        parts = self.split(text)
        found: list[Violation] = []
        if len(parts) > self.max_parts:
            message = f"{len(parts)} parts; {self.label} takes at most {self.max_parts} here."
            found.append(Violation("too_many_parts", "/content", message, "Join or remove some."))
        for number, part in enumerate(parts, 1):
            which = f"part {number}" if len(parts) > 1 else "text"
            if not part.strip():
                found.append(Violation("empty", "/content", f"The {which} is empty.", "Write something."))
            length = self.measure(part)
            if length > self.max_length:
                counted = (
                    f"{length} {self.unit}" if len(parts) == 1 else f"Part {number}: {length} {self.unit}"
                )
                message = f"{counted}; {self.label} takes at most {self.max_length}."
                remedy = f"Shorten the {which} by {length - self.max_length}."
                found.append(Violation("too_long", "/content", message, remedy))
        return found

    def _metadata(self, content: Content) -> list[Violation]:
        found: list[Violation] = []
        if self.title_required and not content.title.strip():
            found.append(
                Violation("title_missing", "/metadata/title", "There is no title.", "Give it a title.")
            )
        found += self._too_long("title", content.title, self.title_max)
        excerpt = content.metadata.get("excerpt")
        found += self._too_long("excerpt", excerpt if isinstance(excerpt, str) else "", self.excerpt_max)
        if self.tags_max is not None and len(content.tags) > self.tags_max:
            message = f"{len(content.tags)} tags; {self.label} takes at most {self.tags_max}."
            found.append(Violation("too_many_tags", "/metadata/tags", message, "Remove some tags."))
        for index, tag in enumerate(content.tags):
            if self.tag_max is not None and len(tag) > self.tag_max:
                message = f"The tag is {len(tag)} characters long; at most {self.tag_max} are allowed."
                found.append(
                    Violation("tag_too_long", f"/metadata/tags/{index}", message, "Shorten the tag.")
                )
        return found

    def _too_long(self, name: str, value: str, limit: int | None) -> list[Violation]:
        if limit is None or len(value) <= limit:
            return []
        message = f"The {name} is {len(value)} characters long; {self.label} takes at most {limit}."
        return [Violation(f"{name}_too_long", f"/metadata/{name}", message, f"Shorten the {name}.")]

    def _media(self, content: Content) -> list[Violation]:
        found: list[Violation] = []
        if len(content.media) > self.media_max:
            message = f"{len(content.media)} images; {self.label} takes at most {self.media_max} here."
            found.append(Violation("too_many_media", "/media", message, "Remove some images."))
        for index, media in enumerate(content.media):
            if not media.alt_text.strip():
                message = "The image has no alternative text."
                found.append(
                    Violation("alt_text_missing", f"/media/{index}/alt_text", message, "Describe the image.")
                )
            elif len(media.alt_text) > self.alt_text_max:
                message = f"The alternative text is longer than {self.alt_text_max} characters."
                found.append(
                    Violation("alt_text_too_long", f"/media/{index}/alt_text", message, "Shorten it.")
                )
        return found
