"""`proofroom write`: from something to say to drafts that wait for a person."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from cli import options, show
from cli.answers import Workflow
from cli.client import connect
from cli.follow import follow
from core.errors import Invalid, NotFound


def write(
    platforms: Annotated[str, typer.Option(help="With commas: x,linkedin,blog")],
    article: Annotated[
        str | None, typer.Argument(help="A text file, a page's address, or - for standard input.")
    ] = None,
    file_id: Annotated[UUID | None, typer.Option(help="Instead: a file of the library.")] = None,
    post_id: Annotated[UUID | None, typer.Option(help="Instead: a post that is out.")] = None,
    tone: Annotated[str | None, typer.Option(help="Tone of voice.")] = None,
    audience: Annotated[str | None, typer.Option(help="Who is to read it.")] = None,
    language: Annotated[str | None, typer.Option(help="Like en or pt-BR; else the article's own.")] = None,
    bar: Annotated[int | None, typer.Option(help="The score that a draft must reach, 0 to 100.")] = None,
    rounds: Annotated[int | None, typer.Option(help="At most so many drafts, 1 to 10.")] = None,
    length: Annotated[int | None, typer.Option(help="Words to aim at.")] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="To be worked in; repeatable.")] = None,
    schedule: options.Schedule = None,
    project: Annotated[UUID | None, typer.Option(help="A project's id.")] = None,
    external_id: Annotated[str | None, typer.Option(help="Your own name for it.")] = None,
    wait: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Watch until the drafts are there.")
    ] = True,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Have an article drafted for each platform, and watch. Exit code 1 when a platform's thread failed."""
    wishes = {
        "tone_of_voice": tone,
        "audience": audience,
        "language": language,
        "quality_bar": bar,
        "max_rounds": rounds,
        "target_length": length,
        "keywords": keyword,
    }
    brief = {
        "source": _source(article, file_id, post_id),
        "platforms": [name.strip() for name in platforms.split(",")],
        "options": _given(wishes),
        "project_id": str(project) if project else None,
        "schedule_for": options.moment(schedule),
        "external_id": external_id,
    }
    client = connect(url, api_key, data_dir)
    workflow = client.start(_given(brief))
    out = None if as_json else show.console()
    try:
        if wait:
            workflow = follow(client, workflow, out)
    except KeyboardInterrupt:
        print(
            f"Stopped watching. Workflow {workflow.id} goes on; `proofroom review --workflow {workflow.id}` "
            "shows its drafts.",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    if out is None:
        print(json.dumps(workflow.as_sent(), ensure_ascii=False))
    else:
        for thread in workflow.threads:
            out.print(show.thread(thread))
        out.print(_next(workflow), soft_wrap=True)
    if any(thread.status == "failed" for thread in workflow.threads):
        raise typer.Exit(1)


def _source(article: str | None, file_id: UUID | None, post_id: UUID | None) -> dict[str, str]:
    """Raises NotFound or Invalid."""
    match article, file_id, post_id:
        case str(), None, None:
            return source(article)
        case None, UUID(), None:
            return {"type": "file", "file_id": str(file_id)}
        case None, None, UUID():
            return {"type": "post", "post_id": str(post_id)}
        case _:
            raise Invalid("Name one thing to write about: an article, --file-id or --post-id.")


def source(article: str) -> dict[str, str]:
    """Raises NotFound or Invalid."""
    if article.startswith(("http://", "https://")):
        return {"type": "url", "url": article}
    return {"type": "text", "text": read_text(article)}


def read_text(file: str) -> str:
    """`-` is standard input. Raises NotFound or Invalid."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not a text in UTF-8.") from error


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


def _next(workflow: Workflow) -> str:
    if any(thread.pending_review_id or thread.moves for thread in workflow.threads):
        return f"Workflow {workflow.id}. Decide with: proofroom review --workflow {workflow.id}"
    return f"Workflow {workflow.id} is {show.words(workflow.status)}."
