"""`proofroom review`: what waits for a person, and what the person decides."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from cli import edit, options, show
from cli.answers import Review
from cli.client import connect
from cli.desk import RECEIPT_SECONDS, Desk
from cli.follow import await_outcome
from cli.given import read_text
from core.errors import Invalid


def review(
    review_id: Annotated[UUID | None, typer.Argument(help="This one only.")] = None,
    workflow: Annotated[UUID | None, typer.Option(help="This workflow's only.")] = None,
    platform: Annotated[str | None, typer.Option(help="This platform's only.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Publish it as it stands.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Do not publish it.")] = False,
    regenerate: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Have it written anew, like this.")
    ] = None,
    edit_file: Annotated[
        str | None,
        typer.Option("--edit", metavar="FILE", help="Publish this text instead; - reads standard input."),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Publish it with this picture; repeatable, and with --edit too."),
    ] = None,
    alt: Annotated[
        list[str] | None, typer.Option(metavar="WORDS", help="What a picture shows; one for each --image.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is rejected.")] = None,
    schedule: options.Schedule = None,
    seen: Annotated[
        str | None, typer.Option(metavar="HASH", help="The seen_hash of what you read; else what waits now.")
    ] = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Go through what waits for a decision; with a decision, take that one and ask nothing."""
    media = _media(image or [], alt or [])
    chosen = {
        "accept": accept,
        "reject": reject,
        "regenerate": regenerate,
        "edit": edit_file or media or None,
    }
    decisions = [name for name, value in chosen.items() if value not in (None, False)]
    if len(decisions) > 1 or (decisions and review_id is None):
        raise Invalid(
            "A decision is one of --accept, --reject, --regenerate and --edit or --image, for one REVIEW_ID."
        )
    at = options.moment(schedule)
    client = connect(url, api_key, data_dir)
    out = show.console()
    if review_id is None:
        if as_json:
            found = client.reviews(platform, workflow)
            print(json.dumps([item.as_sent() for item in found], ensure_ascii=False))
        else:
            Desk(client, out, platform, workflow).work()
        return
    if not decisions:
        if as_json:
            print(json.dumps(client.review(review_id).as_sent(), ensure_ascii=False))
        else:
            Desk(client, out).judge(review_id)
        return
    shown = client.review(review_id)
    more: dict[str, Any] = {"feedback": regenerate or reason, "schedule_for": at, "seen_hash": seen}
    if edit_file is not None:
        more |= _edited(shown, edit_file)
    if media:
        more["media"] = media
    given = {name: value for name, value in more.items() if value is not None}
    client.decide(shown, {"decision": decisions[0], **given})
    seconds = 0 if regenerate else RECEIPT_SECONDS
    thread = await_outcome(client, shown.workflow_id, shown.thread_id, seconds)
    if as_json:
        print(json.dumps(thread.as_sent(), ensure_ascii=False))
    else:
        out.print(show.outcome(thread), soft_wrap=True)


def _media(images: list[str], alts: list[str]) -> list[dict[str, str]]:
    """Raises Invalid."""
    if len(images) != len(alts):
        raise Invalid("Each --image needs one --alt that says what it shows.")
    return [{"url": url, "alt_text": words} for url, words in zip(images, alts, strict=True)]


def _edited(shown: Review, file: str) -> dict[str, Any]:
    """The file is as the editor shows it, or the text alone. Raises NotFound or Invalid."""
    changed = edit.changes(shown.draft, edit.fields(shown.draft, shown.preview), read_text(file))
    if not changed:
        raise Invalid(f"{file} says what the draft says.", remedy="Accept it, or change something.")
    return changed
