"""Every write of the API, as the document lists them: sent twice with one key it happens once, and says the same."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from core.settings import Settings
from core.simulated import simulated_account
from tests.plugins.api import PASSWORD, Api, User
from tests.plugins.feed_site import FeedSite
from tests.plugins.tenant import NEXT_YEAR, Tenant

Json = dict[str, Any]

PUBLIC = {"register", "login", "use_link"}
"""There is no workspace yet to keep an answer in; a second registration is refused, and a link works once."""
ENDS_ITS_OWN_KEY = {"logout", "delete_workspace"}
"""The second call is nobody's, or finds nothing."""
CHANGES_NOTHING = {
    "preview_workflow",
    "validate_content",
    "preview_template",
    "preview_prompt",
    "preview_feed",
}
LAST = ("cancel_", "revoke_", "remove_", "disconnect_", "delete_", "change_password")


@dataclass
class Write:
    path: str
    method: str
    body: Any = None
    form: bool = False
    """It takes a file."""
    ids: Json = field(default_factory=dict)
    client: User | None = None


@pytest.fixture
def settings(settings: Settings, feed_site: FeedSite) -> Settings:
    return settings.model_copy(update={"allow_private": [feed_site.peer]})


@pytest.fixture
def writes(document: Json) -> dict[str, Write]:
    found = {
        operation["operationId"]: Write(
            path, method.upper(), _example(document, operation), _is_form(operation)
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "get" and path.startswith("/v1/")
    }
    left_out = PUBLIC | ENDS_ITS_OWN_KEY | CHANGES_NOTHING
    assert left_out <= found.keys()
    wanted = [name for name in found if name not in left_out]
    return {name: found[name] for name in sorted(wanted, key=lambda name: name.startswith(LAST))}


def _example(document: Json, operation: Json) -> Any:
    if "requestBody" not in operation or _is_form(operation):
        return None
    content = operation["requestBody"]["content"]
    if "message/rfc822" in content:
        return content["message/rfc822"]["example"]
    schema = content["application/json"]["schema"]
    first = schema.get("oneOf", schema.get("anyOf", [schema]))[0]
    return document["components"]["schemas"][first["$ref"].rpartition("/")[2]]["examples"][0]


def _is_form(operation: Json) -> bool:
    return "multipart/form-data" in operation.get("requestBody", {}).get("content", {})


async def test_every_write_that_is_sent_twice_happens_once(
    api: Api, tenant: Tenant, writes: dict[str, Write], feed_site: FeedSite
) -> None:
    """Scheduling and many at once, too; and every answer says how often one may ask."""
    owner = tenant.owner
    everything = {name: found[0] for name, found in (await tenant.ids()).items()}
    feed_site.publish("Tea")
    await _prepare(api, tenant, writes, feed_site.url())
    for name, write in writes.items():
        path = write.path.format(**everything | write.ids)
        client = write.client or owner
        headers = {"Idempotency-Key": name}
        sent: dict[str, Any] = {"json": write.body}
        if write.form:
            sent = {"files": {"file": ("a.txt", b"words")}}
        elif isinstance(write.body, str):
            sent, headers["Content-Type"] = {"content": write.body}, "message/rfc822"
        first, again = [await client.request(write.method, path, headers=headers, **sent) for _ in range(2)]
        assert first.is_success, (name, first.text)
        assert "idempotent-replayed" not in first.headers, name
        assert again.headers.get("idempotent-replayed") == "true", (name, again.text)
        assert (again.status_code, again.content) == (first.status_code, first.content), name
        for header in ("content-type", "location"):
            assert again.headers.get(header) == first.headers.get(header), (name, header)
        for answer in (first, again):
            assert {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= answer.headers.keys(), (
                name
            )


async def _prepare(api: Api, tenant: Tenant, writes: dict[str, Write], feed: str) -> None:
    """What each call needs to succeed, where the document's example and whatever there is do not do."""
    owner, scene = tenant.owner, tenant.scene
    accepted, many, third = (await tenant.pending())[:3]
    accept = {"decision": "accept", "schedule_for": NEXT_YEAR.isoformat()}
    writes["decide_review"].body = {**accept, "seen_hash": accepted["seen_hash"]}
    writes["decide_review"].ids = {"review_id": accepted["id"]}
    writes["decide_many"].body = {
        "decisions": [{**accept, "review_id": str(many["id"]), "seen_hash": many["seen_hash"]}]
    }
    writes["change_review"].body = {"assignee_id": str(owner.user_id)}
    for name in ("change_review", "add_comment", "look_at_review", "leave_review"):
        writes[name].ids = {"review_id": third["id"]}

    failed = await scene.row(
        "SELECT id FROM platform_states WHERE status = 'failed' AND workspace_id = :id", id=owner.workspace_id
    )
    writes["retry_thread"].ids = {"thread_id": failed["id"]}
    scheduled = {"job_id": (await tenant.job("scheduled"))["id"]}
    writes["reschedule_publishing_job"].body = {"scheduled_for": NEXT_YEAR.isoformat()}
    writes["reschedule_publishing_job"].ids = writes["cancel_publishing_job"].ids = scheduled
    held = await tenant.job("held")
    account = await scene.row(
        "SELECT id FROM connected_accounts WHERE platform = :platform AND workspace_id = :id",
        platform=held["platform"],
        id=owner.workspace_id,
    )
    writes["retry_publishing_job"].ids = {"job_id": held["id"]}
    writes["retry_publishing_job"].body = {"account_id": str(account["id"])}
    writes["reconcile_publishing_job"].ids = {"job_id": (await tenant.job("unknown"))["id"]}
    writes["reconcile_publishing_job"].body = {"outcome": "absent"}

    assert scene.settings.simulator_url is not None
    blog = simulated_account("blog", "another-blog", scene.settings.simulator_url)
    writes["connect_account"].body = {
        "platform": "blog",
        "url": blog.base_url,
        "credentials": dict(blog.credentials),
    }
    writes["create_webhook"].body = {"url": "https://93.184.215.14/again"}
    writes["change_webhook"].body = {"events": ["post.published"]}

    another = (await owner.post("/v1/projects", json={"title": "Another"})).json()["id"]
    file = await owner.post(f"/v1/projects/{another}/files", files={"file": ("b.txt", b"more words")})
    writes["delete_file"].ids = writes["extract_file_again"].ids = {"file_id": file.json()["id"]}
    await scene.execute("UPDATE files SET extraction_status = 'failed' WHERE id = :id", id=file.json()["id"])

    doomed = (await owner.post("/v1/lists", json={"name": "Nobody's"})).json()
    writes["delete_list"].ids = {"list_id": doomed["id"]}
    writes["change_feed"].body = {"title": "Tea"}
    writes["create_feed"].body = {"url": feed, "rule": {"platforms": ["x"]}}
    colleague = await api.member(owner, "viewer")
    for name in ("change_member", "remove_member"):
        writes[name].ids = {"user_id": colleague.user_id}
    invitation = (await owner.post("/v1/invitations", json={"role": "viewer"})).json()
    writes["accept_invitation"].body = {"token": invitation["token"]}
    writes["accept_invitation"].client = await api.user()
    login = {"username": owner.username, "password": PASSWORD}
    await owner.post("/v1/auth/login", json=login)
    writes["change_password"].body = {"current": PASSWORD, "new": f"{PASSWORD} and more"}
    here = (await owner.get("/v1/sessions")).json()["items"]
    writes["revoke_session"].ids = {"session_id": next(each["id"] for each in here if not each["current"])}
