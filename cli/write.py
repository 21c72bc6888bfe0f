"""`proofroom write`: from something to say to drafts that wait for a person."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from cli import given, options, show
from cli.answers import Workflow
from cli.client import Client, connect
from cli.follow import follow
from cli.reading import await_text
from cli.uploading import upload_all
from core.errors import Invalid

_TEXTS: Final = {"", ".txt", ".md", ".markdown"}


def write(
    platforms: Annotated[str, typer.Option(help="With commas: x,linkedin,blog,instagram,email")],
    article: Annotated[
        str | None,
        typer.Argument(
            help="A file (a text, a document, a recording), a page's address, or - for standard input."
        ),
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
    template: Annotated[UUID | None, typer.Option(help="A template's id; for its platform alone.")] = None,
    placeholder: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=WORDS", help="One of the template's; repeatable."),
    ] = None,
    sample: Annotated[
        list[UUID] | None, typer.Option(help="A sample's id, to sound like; repeatable.")
    ] = None,
    schedule: options.Schedule = None,
    project: Annotated[
        str | None, typer.Option(help="A project's id or title; without one that of the file or the post.")
    ] = None,
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
        "style_sample_ids": [str(each) for each in sample or []],
    }
    schedule_for = options.moment(schedule)
    client = connect(url, api_key, data_dir)
    out = None if as_json else show.console()
    project_id = given.project_of(client, project) if project else None
    brief = {
        "source": _source(client, article, file_id, post_id, project_id),
        "platforms": given.platforms_of(platforms),
        "mode": "template" if template else None,
        "template_id": str(template) if template else None,
        "template_input": given.object_of(client, placeholder or []),
        "options": _given(wishes),
        "project_id": project_id,
        "schedule_for": schedule_for,
        "external_id": external_id,
    }
    workflow = client.start(_given(brief))
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


def _source(
    client: Client, article: str | None, file_id: UUID | None, post_id: UUID | None, project_id: str | None
) -> dict[str, str] | None:
    """None: a template needs none. Raises ProofroomError."""
    match article, file_id, post_id:
        case str(), None, None:
            if article.startswith(("http://", "https://")):
                return {"type": "url", "url": article}
            if (text := _text(article)) is not None:
                return {"type": "text", "text": text}
            project_id = project_id or given.find_or_create_project(client, given.UPLOADS)
            return _file(client, *upload_all(client, project_id, [Path(article)]))
        case None, UUID(), None:
            return _file(client, str(file_id))
        case None, None, UUID():
            return {"type": "post", "post_id": str(post_id)}
        case None, None, None:
            return None
        case _:
            raise Invalid("Name one thing to write about: an article, --file-id or --post-id.")


def _text(article: str) -> str | None:
    """None for what the service is to find out about. Raises NotFound, or Invalid of standard input."""
    is_file = article != "-" and Path(article).is_file()
    if is_file and Path(article).suffix.lower() not in _TEXTS:
        return None
    try:
        return given.read_text(article)
    except Invalid:
        if is_file:
            return None
        raise


def _file(client: Client, file_id: str) -> dict[str, str]:
    await_text(client, file_id)
    return {"type": "file", "file_id": file_id}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


def _next(workflow: Workflow) -> str:
    if any(thread.pending_review_id or thread.moves for thread in workflow.threads):
        return f"Workflow {workflow.id}. Decide with: proofroom review --workflow {workflow.id}"
    return f"Workflow {workflow.id} is {show.words(workflow.status)}."
