"""The API reference, drawn in the browser by Swagger UI from files of our own: no CDN, no inline script."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Proofroom API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#reference", deepLinking: true, persistAuthorization: true, filter: true,
  validatorUrl: null,
});
"""


@router.get("/docs")
async def reference() -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript")


def _serve(name: str, media_type: str) -> None:
    @router.get(f"/docs/{name}", name=name)
    async def asset() -> Response:
        content = (files("fastapi_swagger") / "resources" / name).read_bytes()
        return Response(content, media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})


for _name, _media_type in _ASSETS.items():
    _serve(_name, _media_type)
