"""What the OpenAPI document promises beyond what FastAPI derives."""

import re
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/v1/auth/register", "post", {201, 403, 409, 413, 415, 422, 429, 500, 503}),
        ("/v1/auth/login", "post", {200, 401, 409, 413, 415, 422, 429, 500, 503}),
        ("/v1/auth/link/{token}", "post", {200, 404, 409, 422, 429, 500, 503}),
        ("/v1/projects", "get", {200, 401, 403, 404, 422, 429, 500, 503}),
        ("/v1/projects", "post", {201, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503}),
        ("/v1/projects/{project_id}", "delete", {204, 401, 403, 404, 409, 422, 429, 500, 503}),
        ("/readyz", "get", {200, 503}),
    ],
)
def test_every_status_is_named(document: dict[str, Any], path: str, method: str, statuses: set[int]) -> None:
    assert {int(status) for status in document["paths"][path][method]["responses"]} == statuses


def test_errors_are_problems_everywhere(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_secured_calls_name_their_credentials_and_headers(document: dict[str, Any]) -> None:
    create = document["paths"]["/v1/projects"]["post"]
    assert create["security"] == [{"bearer": []}, {"apiKey": []}]
    assert {parameter["name"] for parameter in create["parameters"]} == {"X-Workspace-Id", "Idempotency-Key"}
    assert "security" not in document["paths"]["/v1/auth/login"]["post"]


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody", {})
            if body.get("required") and "application/json" in body["content"]:
                schema = body["content"]["application/json"]["schema"]
                names = [variant["$ref"].rpartition("/")[2] for variant in schema.get("oneOf", [schema])]
                assert any("examples" in document["components"]["schemas"][name] for name in names), names


def test_operations_are_named_after_what_they_do(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert {"list_projects", "create_api_key", "set_budget"} <= set(names)


def test_tags_and_servers_are_described(document: dict[str, Any]) -> None:
    used = {
        tag
        for item in document["paths"].values()
        for operation in item.values()
        for tag in operation.get("tags", ())
    }
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert described.keys() == used
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_what_a_generator_makes_of_it_has_plain_names(document: dict[str, Any]) -> None:
    """`make test-client` generates a client and uses it; these are what would be in its way."""
    # Two models of one name get their modules' names in front.
    assert not [name for name in document["components"]["schemas"] if "__" in name]
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["summary"][0].isupper()
            headers = [each for each in operation.get("parameters", ()) if each["in"] == "header"]
            assert not [each["name"] for each in headers if each["schema"].get("format")]


def test_headers_are_described_as_they_can_be_sent(document: dict[str, Any]) -> None:
    """Any string would include line breaks, which no client sends."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for each in operation.get("parameters", ()):
                if each["in"] == "header":
                    assert each["schema"]["type"] == "string", (path, each["name"])
                    assert not re.search(each["schema"]["pattern"], "a\r\nb"), (path, each["name"])


def test_limits_and_waits_are_told(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/workflows"]["post"]["responses"]
    assert {"Location", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} == responses["202"][
        "headers"
    ].keys()
    for status in ("429", "503"):
        assert "Retry-After" in responses[status]["headers"]
    [problem] = document["components"]["schemas"]["Problem"]["examples"]
    assert problem["code"] == "DraftChanged"
