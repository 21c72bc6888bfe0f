"""From a text, a link, a file or a post to drafts: the form, what was understood, the start."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from agents.base import Source
from api.deps import Db, SettingsOf, Viewer, Work, WorkflowEditor
from core.db import Database
from core.errors import NotFound, ProofroomError
from core.http import AddressRefused, ResponseTooLarge, guarded_client
from core.principal import Principal, Role
from core.settings import Settings
from models import File
from platforms.registry import PLATFORMS, PlatformName
from services import brief_choices, estimates, workflows
from services.library import files, templates, url_sources
from services.library.kept_sources import Kept, SourceNotReady, SourceWithoutText
from web.briefs import Typed, called, identified, wrong
from web.pages.workflows import named
from web.rendering import is_fragment, page, redirect, timezone
from web.route import router as new_router

router = new_router("/new")

POLICIES: Final = {name.value: PLATFORMS[name].policy for name in PlatformName}
REMEDIES: Final[Mapping[type[ProofroomError], str]] = {
    url_sources.SourceUnreachable: "Check the address. If it opens in your browser, copy the text there and paste it here.",
    url_sources.SourceUnreadable: "Open it in your browser, copy the text that matters and paste it here.",
    SourceNotReady: "Wait a moment and press Check it.",
    SourceWithoutText: "Choose another one, or paste the text.",
    AddressRefused: "Only pages on the public internet are fetched. Copy the text and paste it here.",
    ResponseTooLarge: "Open it in your browser, copy the part that matters and paste it here.",
}
"""For a person in front of the form; the errors' own are for callers of the API."""
MORNING: Final = "09:00"
"""Of a day that was chosen in the calendar."""
STARTED: Final = "#started"
"""Tells the next page to forget what was kept of the form."""


@router.get("")
async def new_page(
    request: Request,
    principal: Viewer,
    db: Db,
    settings: SettingsOf,
    file: UUID | None = None,
    post: UUID | None = None,
    project: UUID | None = None,
    template: UUID | None = None,
    day: date | None = None,
) -> Response:
    """`file` or `post`: what the drafts are to be about. `project`, `template`: also those that the form does not list.
    `day`: on which they are to go out."""
    if not principal.may_act_as(Role.EDITOR):
        return page(request, "new/reader.html")
    if not (file or post or project or template or day):
        return await _form(request, principal, db)
    platforms = await _platforms_of(template, db, principal) if template else ()
    typed = Typed(
        file_id=str(file or ""),
        post_id=str(post or ""),
        project_id=str(project or ""),
        template_id=str(template or ""),
        platforms=platforms or await usual_platforms(principal, db),
        schedule_for=f"{day}T{MORNING}" if day else "",
    )
    checked = await _check(typed, db, settings, principal)
    return await _form(request, principal, db, typed, checked=checked)


@router.post("")
async def start(
    request: Request, principal: WorkflowEditor, work: Work, db: Db, settings: SettingsOf
) -> Response:
    typed = Typed.of(await request.form())
    try:
        body = typed.body()
        source = await _read(typed, settings)
        started = await workflows.start(await work.begin(), principal, body.brief(source))
    except ValidationError as error:
        return await _form(request, principal, db, typed, error, HTTPStatus.UNPROCESSABLE_ENTITY)
    except ProofroomError as error:
        if not error.errors:
            raise
        return await _form(request, principal, db, typed, error, error.status)
    return redirect(request, f"/workflows/{started.id}{STARTED}")


@router.post("/check")
async def check(request: Request, principal: WorkflowEditor, db: Db, settings: SettingsOf) -> Response:
    """What was understood, and the cost; nothing is started. On a page of its own where there is no htmx."""
    typed = Typed.of(await request.form())
    checked = await _check(typed, db, settings, principal)
    if is_fragment(request):
        return page(request, "new/_check.html", checked=checked)
    return await _form(request, principal, db, typed, checked=checked)


@router.post("/source")
async def choose_source(
    request: Request, principal: WorkflowEditor, db: Db, settings: SettingsOf
) -> Response:
    """The form about the file whose button was pressed, or about none; all else that is typed stays."""
    form = await request.form()
    typed = Typed.of(form)
    if "other" in form:
        typed = replace(typed, file_id="", post_id="")
    return await _form(request, principal, db, typed, checked=await _check(typed, db, settings, principal))


@router.post("/template")
async def choose_template(request: Request, principal: WorkflowEditor, db: Db) -> Response:
    """The templates that fit the platforms, and the fields of the chosen one."""
    typed = Typed.of(await request.form())
    choices = await _choices(typed, db, principal)
    return page(
        request,
        "new/_template.html",
        typed=typed,
        errors={},
        **await _template(db, principal, typed, choices),
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """What half a form is understood as, as far as it goes."""

    understood: estimates.Understood | None = None
    name: str = ""
    """Of what was understood."""
    language: str = ""
    estimate: estimates.Estimate | None = None
    """When all of the form is right."""
    missing: Sequence[str] = ()
    """Labels of what is not."""
    problem: ProofroomError | None = None
    """Why the source cannot be read."""
    remedy: str | None = None
    waiting: bool = False
    """It will be readable."""
    file_id: str | None = None
    """Of a file without text."""


async def _check(typed: Typed, db: Database, settings: Settings, principal: Principal) -> Checked:
    try:
        source = await _read(typed, settings)
    except ProofroomError as error:
        return Checked(problem=error, remedy=_remedy(error))
    if source is None and not typed.template_id:
        return Checked()
    try:
        estimate = await estimates.preview(db, settings, principal, typed.body().brief(source))
    except ValidationError as error:
        return _understood(typed, source, error)
    except ProofroomError as error:
        if not error.errors:
            raise
        if any(each.pointer.startswith("/source") for each in error.errors):
            return Checked(
                problem=error,
                remedy=_remedy(error),
                waiting=isinstance(error, SourceNotReady),
                file_id=typed.file_id if isinstance(error, SourceWithoutText) else None,
            )
        return _understood(typed, source, error)
    found = estimate.source
    return Checked(understood=found, name=named(asdict(found)), language=typed.language, estimate=estimate)


def _understood(
    typed: Typed, source: Source | Kept | None, error: ValidationError | ProofroomError
) -> Checked:
    """Of a form that is not right yet."""
    found = estimates.understood(source) if isinstance(source, Source) else None
    return Checked(
        understood=found,
        name=named(asdict(found)) if found else "",
        language=typed.language,
        missing=[called(name) for name in wrong(error)],
    )


async def _form(
    request: Request,
    principal: Principal,
    db: Database,
    typed: Typed | None = None,
    error: ValidationError | ProofroomError | None = None,
    status: int = HTTPStatus.OK,
    checked: Checked | None = None,
) -> Response:
    fresh = typed is None
    choices = await _choices(typed or Typed(), db, principal)
    errors = wrong(error) if error else {}
    typed = typed or Typed(platforms=_usual(choices))
    return page(
        request,
        "new/page.html",
        status,
        fresh=fresh,
        typed=typed,
        choices=choices,
        policies=POLICIES,
        errors=errors,
        named_errors=[(called(name), detail) for name, detail in errors.items() if name],
        projects=[(each["id"], each["title"]) for each in choices.projects],
        shown=brief_choices.SHOWN,
        remedy=_remedy(error) if isinstance(error, ProofroomError) else None,
        checked=checked,
        file=await _file(typed, db, principal),
        zone_name=timezone(request).key,
        key=uuid4(),
        **await _template(db, principal, typed, choices),
    )


async def _template(
    db: Database, principal: Principal, typed: Typed, choices: brief_choices.Choices
) -> dict[str, Any]:
    """A template is for one platform."""
    wanted = {templates.TYPE_OF_PLATFORM[name] for name in typed.platforms if name in POLICIES}
    fitting = [each for each in choices.templates if wanted == {each["type"]}]
    chosen = next((each for each in fitting if each["id"] == typed.template_id), None)
    names: tuple[str, ...] = ()
    if chosen:
        async with db.tenant(principal.workspace_id, principal.user_id) as session:
            names = templates.placeholders((await templates.find(session, UUID(chosen["id"]))).prompt)
    known = {"tone_of_voice": typed.tone_of_voice or choices.tone_of_voice or "", "audience": typed.audience}
    fields = {name: typed.template_input.get(name) or known.get(name, "") for name in names}
    return {"templates": fitting, "fields": fields, "several": len(wanted) != 1}


async def _file(typed: Typed, db: Database, principal: Principal) -> File | None:
    """None, too, for one that is not there."""
    kept = typed.kept
    if kept is None or kept.type != "file":
        return None
    with suppress(NotFound):
        async with db.tenant(principal.workspace_id, principal.user_id) as session:
            return await files.find(session, kept.id)
    return None


async def _platforms_of(template_id: UUID, db: Database, principal: Principal) -> tuple[str, ...]:
    """Raises NotFound."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        kind = (await templates.find(session, template_id)).type
    return tuple(name for name in POLICIES if templates.TYPE_OF_PLATFORM[name] == kind)


async def usual_platforms(principal: Principal, db: Database) -> tuple[str, ...]:
    """What a form begins with."""
    return _usual(await _choices(Typed(), db, principal))


async def _choices(typed: Typed, db: Database, principal: Principal) -> brief_choices.Choices:
    chosen = identified(typed.project_id), identified(typed.template_id)
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return await brief_choices.find(connection, principal, *chosen)


def _usual(choices: brief_choices.Choices) -> tuple[str, ...]:
    """Those with an account; one whose drafts wait for something by hand, as a picture, is chosen on purpose."""
    ready = tuple(name for name in choices.accounts if not POLICIES[name].for_reviewer)
    return ready or tuple(choices.accounts) or tuple(POLICIES)


def _remedy(error: ProofroomError) -> str | None:
    return REMEDIES.get(type(error), error.remedy)


async def _read(typed: Typed, settings: Settings) -> Source | Kept | None:
    if kept := typed.kept:
        return kept
    if not typed.source.strip():
        return None
    if typed.link is None:
        return Source(type="text", text=typed.source)
    async with guarded_client(settings, url_sources.LIMIT_SECONDS) as http:
        return await url_sources.fetch_url(http, typed.link)
