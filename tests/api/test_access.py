"""Who may call what: every operation of the OpenAPI document, against every role and scope. See test_every_route.py for whose
things it may be about."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from core.principal import Role, Scope
from tests.plugins.api import Api, User

PUBLIC = {"is_alive", "is_ready", "read_metrics", "register", "login", "use_link", "open_file"}
VIEWER, REVIEWER, EDITOR, OWNER = Role.VIEWER, Role.REVIEWER, Role.EDITOR, Role.OWNER
ENDLESS = "stream_workspace_events"
"""Who is let in would wait for its end."""
NEEDS: dict[str, tuple[Role, Scope]] = {
    "get_me": (VIEWER, Scope.READ),
    "logout": (VIEWER, Scope.ADMIN),
    "list_sessions": (VIEWER, Scope.ADMIN),
    "change_password": (VIEWER, Scope.ADMIN),
    "revoke_other_sessions": (VIEWER, Scope.ADMIN),
    "revoke_session": (VIEWER, Scope.ADMIN),
    "list_workspaces": (VIEWER, Scope.READ),
    "create_workspace": (VIEWER, Scope.ADMIN),
    "get_workspace": (VIEWER, Scope.READ),
    "change_workspace": (OWNER, Scope.ADMIN),
    "delete_workspace": (OWNER, Scope.ADMIN),
    "list_members": (VIEWER, Scope.READ),
    "change_member": (OWNER, Scope.ADMIN),
    "remove_member": (OWNER, Scope.ADMIN),  # of others; leaving is for everybody
    "list_invitations": (OWNER, Scope.ADMIN),
    "create_invitation": (OWNER, Scope.ADMIN),
    "revoke_invitation": (OWNER, Scope.ADMIN),
    "accept_invitation": (VIEWER, Scope.ADMIN),
    "list_api_keys": (OWNER, Scope.ADMIN),
    "create_api_key": (OWNER, Scope.ADMIN),
    "revoke_api_key": (OWNER, Scope.ADMIN),
    "list_budgets": (VIEWER, Scope.READ),
    "set_budget": (OWNER, Scope.ADMIN),
    "get_usage": (VIEWER, Scope.READ),
    "list_accounts": (VIEWER, Scope.READ),
    "get_account": (VIEWER, Scope.READ),
    "connect_account": (OWNER, Scope.ADMIN),
    "test_account": (OWNER, Scope.ADMIN),
    "disconnect_account": (OWNER, Scope.ADMIN),
    "list_platforms": (VIEWER, Scope.READ),
    "validate_content": (VIEWER, Scope.READ),
    "list_projects": (VIEWER, Scope.READ),
    "create_project": (EDITOR, Scope.LIBRARY_WRITE),
    "get_project": (VIEWER, Scope.READ),
    "change_project": (EDITOR, Scope.LIBRARY_WRITE),
    "delete_project": (EDITOR, Scope.LIBRARY_WRITE),
    "list_outputs": (VIEWER, Scope.READ),
    "get_output": (VIEWER, Scope.READ),
    "get_file_text": (VIEWER, Scope.READ),
    "extract_file_again": (EDITOR, Scope.LIBRARY_WRITE),
    "upload_file": (EDITOR, Scope.LIBRARY_WRITE),
    "get_transcription": (VIEWER, Scope.READ),
    "list_clips": (VIEWER, Scope.READ),
    "find_clips": (EDITOR, Scope.LIBRARY_WRITE),
    "get_clip": (VIEWER, Scope.READ),
    "cut_clip": (EDITOR, Scope.LIBRARY_WRITE),
    "get_clip_content": (VIEWER, Scope.READ),
    "list_files": (VIEWER, Scope.READ),
    "list_uploads": (VIEWER, Scope.READ),
    "get_file": (VIEWER, Scope.READ),
    "delete_file": (EDITOR, Scope.LIBRARY_WRITE),
    "get_file_content": (VIEWER, Scope.READ),
    "create_file_link": (EDITOR, Scope.LIBRARY_WRITE),
    "publish_file": (EDITOR, Scope.LIBRARY_WRITE),
    "list_lists": (VIEWER, Scope.READ),
    "create_list": (EDITOR, Scope.LIBRARY_WRITE),
    "get_list": (VIEWER, Scope.READ),
    "change_list": (EDITOR, Scope.LIBRARY_WRITE),
    "delete_list": (EDITOR, Scope.LIBRARY_WRITE),
    "list_subscribers": (EDITOR, Scope.LIBRARY_WRITE),
    "add_subscriber": (EDITOR, Scope.LIBRARY_WRITE),
    "import_subscribers": (EDITOR, Scope.LIBRARY_WRITE),
    "export_subscribers": (EDITOR, Scope.LIBRARY_WRITE),
    "get_subscriber": (EDITOR, Scope.LIBRARY_WRITE),
    "unsubscribe_subscriber": (EDITOR, Scope.LIBRARY_WRITE),
    "delete_subscriber": (EDITOR, Scope.LIBRARY_WRITE),
    "record_bounce": (EDITOR, Scope.LIBRARY_WRITE),
    "report_bounce": (EDITOR, Scope.LIBRARY_WRITE),
    "list_email_deliveries": (EDITOR, Scope.PUBLISHING_WRITE),
    "list_templates": (VIEWER, Scope.READ),
    "create_template": (EDITOR, Scope.LIBRARY_WRITE),
    "get_template": (VIEWER, Scope.READ),
    "change_template": (EDITOR, Scope.LIBRARY_WRITE),
    "delete_template": (EDITOR, Scope.LIBRARY_WRITE),
    "preview_template": (VIEWER, Scope.READ),
    "preview_prompt": (VIEWER, Scope.READ),
    "list_style_rules": (VIEWER, Scope.READ),
    "create_style_rule": (EDITOR, Scope.LIBRARY_WRITE),
    "get_style_rule": (VIEWER, Scope.READ),
    "change_style_rule": (EDITOR, Scope.LIBRARY_WRITE),
    "decide_style_rule": (EDITOR, Scope.LIBRARY_WRITE),
    "copy_template": (EDITOR, Scope.LIBRARY_WRITE),
    "list_resources": (VIEWER, Scope.READ),
    "create_resource": (EDITOR, Scope.LIBRARY_WRITE),
    "get_resource": (VIEWER, Scope.READ),
    "change_resource": (EDITOR, Scope.LIBRARY_WRITE),
    "delete_resource": (EDITOR, Scope.LIBRARY_WRITE),
    "get_profile": (VIEWER, Scope.READ),
    "put_profile": (VIEWER, Scope.LIBRARY_WRITE),
    "preview_workflow": (EDITOR, Scope.WORKFLOWS_WRITE),
    "start_workflow": (EDITOR, Scope.WORKFLOWS_WRITE),
    "list_workflows": (VIEWER, Scope.READ),
    "get_workflow": (VIEWER, Scope.READ),
    "cancel_workflow": (EDITOR, Scope.WORKFLOWS_WRITE),
    "stream_workflow_events": (VIEWER, Scope.READ),
    "stream_workspace_events": (VIEWER, Scope.READ),
    "list_drafts": (VIEWER, Scope.READ),
    "compare_drafts": (VIEWER, Scope.READ),
    "retry_thread": (EDITOR, Scope.WORKFLOWS_WRITE),
    "list_reviews": (VIEWER, Scope.READ),
    "get_review": (VIEWER, Scope.READ),
    "change_review": (REVIEWER, Scope.REVIEWS_DECIDE),
    "look_at_review": (VIEWER, Scope.READ),
    "leave_review": (VIEWER, Scope.READ),
    "list_viewers": (VIEWER, Scope.READ),
    "list_comments": (VIEWER, Scope.READ),
    "add_comment": (REVIEWER, Scope.REVIEWS_DECIDE),
    "decide_review": (REVIEWER, Scope.REVIEWS_DECIDE),
    "decide_many": (REVIEWER, Scope.REVIEWS_DECIDE),
    "list_publishing_jobs": (VIEWER, Scope.READ),
    "get_publishing_job": (VIEWER, Scope.READ),
    "cancel_publishing_job": (REVIEWER, Scope.PUBLISHING_WRITE),
    "reschedule_publishing_job": (REVIEWER, Scope.PUBLISHING_WRITE),
    "retry_publishing_job": (EDITOR, Scope.PUBLISHING_WRITE),
    "reconcile_publishing_job": (EDITOR, Scope.PUBLISHING_WRITE),
    "list_posts": (VIEWER, Scope.READ),
    "get_post": (VIEWER, Scope.READ),
    "unpublish_post": (EDITOR, Scope.PUBLISHING_WRITE),
    "list_feeds": (VIEWER, Scope.READ),
    "preview_feed": (EDITOR, Scope.WORKFLOWS_WRITE),
    "create_feed": (EDITOR, Scope.WORKFLOWS_WRITE),
    "get_feed": (VIEWER, Scope.READ),
    "change_feed": (EDITOR, Scope.WORKFLOWS_WRITE),
    "delete_feed": (EDITOR, Scope.WORKFLOWS_WRITE),
    "fetch_feed": (EDITOR, Scope.WORKFLOWS_WRITE),
    "list_feed_entries": (VIEWER, Scope.READ),
    "start_feed_entry": (EDITOR, Scope.WORKFLOWS_WRITE),
    "list_webhooks": (EDITOR, Scope.ADMIN),
    "create_webhook": (EDITOR, Scope.ADMIN),
    "get_webhook": (EDITOR, Scope.ADMIN),
    "change_webhook": (EDITOR, Scope.ADMIN),
    "delete_webhook": (EDITOR, Scope.ADMIN),
    "rotate_webhook_secret": (EDITOR, Scope.ADMIN),
    "test_webhook": (EDITOR, Scope.ADMIN),
    "replay_webhook": (EDITOR, Scope.ADMIN),
    "list_webhook_deliveries": (EDITOR, Scope.ADMIN),
    "get_webhook_delivery": (EDITOR, Scope.ADMIN),
    "replay_webhook_delivery": (EDITOR, Scope.ADMIN),
}
ALSO = {"change_review": Scope.WORKFLOWS_WRITE, "add_comment": Scope.WORKFLOWS_WRITE}
"""Another scope that will do."""


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    parameters: list[str]
    body: Any

    async def call(self, client: User, workspace_id: UUID | None = None) -> tuple[int, str]:
        """About things that there are not, but for the workspace."""
        values = {name: uuid4() for name in self.parameters} | {"workspace_id": workspace_id or uuid4()}
        answer = await client.request(self.method, self.path.format(**values), json=self.body)
        return answer.status_code, answer.text


@pytest.fixture
def operations(document: dict[str, Any]) -> list[Operation]:
    def example(operation: dict[str, Any]) -> Any:
        if "requestBody" not in operation:
            return None
        content = operation["requestBody"]["content"]
        if "application/json" not in content:
            return None  # a file: whoever may not send it is refused before it is looked at
        schema = content["application/json"]["schema"]
        if "anyOf" in schema:
            return None  # it may be left out
        reference = schema.get("oneOf", [schema])[0]["$ref"]
        return document["components"]["schemas"][reference.rpartition("/")[2]]["examples"][0]

    def every() -> Iterator[Operation]:
        for path, item in document["paths"].items():
            for method, operation in item.items():
                parameters = operation.get("parameters", [])
                names = [parameter["name"] for parameter in parameters if parameter["in"] == "path"]
                yield Operation(operation["operationId"], method.upper(), path, names, example(operation))

    return list(every())


def test_the_table_is_whole(operations: list[Operation]) -> None:
    assert {operation.id for operation in operations} == PUBLIC | NEEDS.keys()


async def test_nobody_gets_in_without_a_credential(api: Api, operations: list[Operation]) -> None:
    for client in (api.client(), api.client("nonsense"), api.client("prk_nonsense")):
        for operation in operations:
            status, body = await operation.call(client)
            assert (status == 401) == (operation.id in NEEDS), (operation.id, body)


@pytest.mark.parametrize("role", [VIEWER, REVIEWER, EDITOR])
async def test_a_role_that_is_too_low_is_refused(api: Api, operations: list[Operation], role: Role) -> None:
    owner = await api.user()
    member = await api.member(owner, role)
    rank = [VIEWER, REVIEWER, EDITOR, OWNER]
    for operation in operations:
        if operation.id in PUBLIC or operation.id in {"logout", ENDLESS}:
            continue
        needed = NEEDS[operation.id][0]
        status, body = await operation.call(member, owner.workspace_id)
        refused = status == 403 and "This takes the role" in body
        assert refused == (rank.index(needed) > rank.index(role)), (operation.id, body)


async def test_a_key_does_only_what_its_scopes_say(api: Api, operations: list[Operation]) -> None:
    owner = await api.user()
    for scope in Scope:
        key = await api.key(owner, scope)
        for operation in operations:
            if operation.id in PUBLIC or operation.id == "logout":
                continue
            if operation.id == ENDLESS and scope is Scope.READ:
                continue
            status, body = await operation.call(key, owner.workspace_id)
            refused = status == 403 and "lacks the scope" in body
            sufficient = {NEEDS[operation.id][1], ALSO.get(operation.id)}
            assert refused == (scope not in sufficient), (scope, operation.id, body)
