"""All simulators as one application."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from simulators.control import Control
from simulators.faults import Faults
from simulators.ghost import Ghost
from simulators.instagram import Instagram
from simulators.linkedin import LinkedIn
from simulators.mail import Mail
from simulators.pages import index_page
from simulators.pictures import sample
from simulators.record import Record
from simulators.transcriptions import Transcriptions
from simulators.x import X


def create_app(journal: Path | None = None, mail_port: int | None = None) -> Starlette:
    """`journal`: a JSON Lines file that keeps what was posted over a restart; None: in memory only. `mail_port`: where
    the mail server listens; None: there is none."""
    record, faults = Record(journal), Faults()
    mail = Mail(record, faults)

    async def index(request: Request) -> Response:
        return index_page(record.entries())

    async def healthy(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/healthz", healthy),
            Route("/sample.jpg", sample),
            Mount("/linkedin", routes=LinkedIn(record, faults).routes()),
            Mount("/x", routes=X(record, faults).routes()),
            Mount("/ghost", routes=Ghost(record, faults).routes()),
            Mount("/instagram", routes=Instagram(record, faults).routes()),
            Mount("/mail", routes=mail.routes()),
            Mount("/transcriptions", routes=Transcriptions().routes()),
            Mount("/_control", routes=Control(record, faults).routes()),
        ],
        lifespan=mail.lifespan(mail_port) if mail_port else None,
    )
