"""A picture to post where there is no network, of any shape."""

from io import BytesIO

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

_SIDE, _LARGEST = 1080, 2000


async def sample(request: Request) -> Response:
    """A JPEG; `?width=&height=` in pixels."""
    try:
        width, height = (int(request.query_params.get(name, _SIDE)) for name in ("width", "height"))
    except ValueError:
        return PlainTextResponse("width and height are numbers of pixels.", 400)
    if not (1 <= width <= _LARGEST and 1 <= height <= _LARGEST):
        return PlainTextResponse(f"width and height are from 1 to {_LARGEST}.", 400)
    body = BytesIO()
    Image.radial_gradient("L").resize((width, height)).save(body, "JPEG", quality=60)
    return Response(body.getvalue(), media_type="image/jpeg")


def jpeg_size(body: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None for what is no JPEG."""
    try:
        with Image.open(BytesIO(body), formats=["JPEG"]) as image:
            return image.size
    except UnidentifiedImageError:
        return None
