"""What tests and people ask of the simulators themselves."""

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Fault, Faults
from simulators.record import Record, Reset


class Control:
    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[Route]:
        return [
            Route("/posts", self._posts, methods=["GET"]),
            Route("/faults", self._list_faults, methods=["GET"]),
            Route("/faults", self._add_fault, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]

    async def _posts(self, request: Request) -> Response:
        """Newest first; `?platform=&account=` narrows."""
        try:
            wanted = Reset.model_validate(dict(request.query_params))
        except ValidationError as invalid:
            return _invalid(invalid)
        entries = self._record.entries(wanted.platform, wanted.account)
        return JSONResponse({"items": [entry.model_dump(mode="json") for entry in entries]})

    async def _list_faults(self, request: Request) -> Response:
        return JSONResponse({"items": [fault.model_dump(mode="json") for fault in self._faults]})

    async def _add_fault(self, request: Request) -> Response:
        try:
            fault = Fault.model_validate_json(await request.body())
        except ValidationError as invalid:
            return _invalid(invalid)
        self._faults.add(fault)
        return JSONResponse(fault.model_dump(mode="json"), 201)

    async def _reset(self, request: Request) -> Response:
        try:
            reset = Reset.model_validate_json(await request.body() or b"{}")
        except ValidationError as invalid:
            return _invalid(invalid)
        self._record.reset(reset)
        self._faults.clear(reset.platform, reset.account)
        return Response(status_code=204)


def _invalid(error: ValidationError) -> Response:
    return Response(error.json(include_url=False), 422, media_type="application/json")
