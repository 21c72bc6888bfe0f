"""The database's own functions that services call by SQL, and who may call them.

For requests, owned by proofroom_service, which sees every workspace while none is set; call them on
`Database.functions()`, or within `Database.anonymous()`, but for those that act for the current user or workspace:

- `authenticate_session(token_hash, workspace_id DEFAULT NULL)` and `authenticate_key(key_hash, workspace_id DEFAULT NULL)`
  → user_id, username, workspace_id, role, scopes, credential_id. No row: not valid. `workspace_id` NULL in the row: the
  wanted workspace is not one of the caller's; without a wish it is the personal one, or the key's. They touch
  `last_seen_at` and `last_used_at` at most once a minute.
- `authenticate_external(issuer, subject, workspace_id DEFAULT NULL)` → the same, without scopes and credential_id. No row:
  the issuer's word has been heard, and the user has never been here.
- `find_sign_in(username, email_index)` → user_id, username, hashed_password, personal workspace_id; of both given both
  must fit.
- `take_link(token_hash)` → user_id, username, personal workspace_id; a sign-in link is good once.
- `register_user(user_id, username, email, email_index, hashed_password, external_subject, display_name, workspace_id,
  workspace_name, slug, external_issuer DEFAULT NULL)`: the user, the profile, the personal workspace and its ownership.
  What is taken shows in the violated constraint: `uq_users_username`, `uq_users_email_index`,
  `uq_users_external_issuer_external_subject`, `uq_workspaces_slug`.
- `find_invitation(token_hash)` → id, workspace_id, workspace_name, role, email_index of an invitation still open.
- `accept_invitation(token_hash, user_id)` → workspace_id, role; no row where it is not open or is for another address.
- `create_workspace(workspace_id, name, slug)`: the current user's, who owns it.
- `find_subscription(token_hash)` → list_name, status of the subscriber whose newsletter has that link.
- `unsubscribe(token_hash)` → list_name; takes that subscriber off the list. No row: there is no such link.
- `workspace_people()` → user_id, username, display_name, avatar_url, role, joined_at of the current workspace.
- `reconcile_job(job_id, outcome, url)`: a person's word on a job whose outcome is unknown.

- `read_events(workspace_id, workflow_id, xid, id, limit)` → xid, id, event, created_at: the next events of a workflow
  after a position, below the oldest transaction that still runs. Where there are no more, a last row without an event has
  the position up to which nothing is still to come.
- `read_workspace_events(workspace_id, xid, id, limit)` → the same of all of a workspace's workflows.

For the worker, owned by whoever owns the tables:

- `make_partitions(months DEFAULT 12)` makes the partitions of this month and so many to come, `detach_partitions(keep)`
  detaches those that ended longer ago than the interval; both → how many. They give up after 2 s of waiting for a lock.

With the rights of whoever calls, so that row security holds:

- `lock_thread(thread_id)` → graph_id, status, run_id, due_later, head: a thread that nobody else moves until the transaction
  is over, read after it was locked. For requests.
- `reserve_post(account_id, quotas, gap_seconds, missed)` → for how many seconds the account must wait; NULL: the post is
  counted. For the worker.
"""

from typing import Final

from core.db import APP, SERVICE

FUNCTIONS: Final[dict[str, str]] = {
    "authenticate_session(bytea, uuid)": APP,
    "authenticate_key(bytea, uuid)": APP,
    "find_sign_in(text, bytea)": APP,
    "authenticate_external(text, text, uuid)": APP,
    "take_link(bytea)": APP,
    "register_user(uuid, text, bytea, bytea, text, text, text, uuid, text, text, text)": APP,
    "find_invitation(bytea)": APP,
    "accept_invitation(bytea, uuid)": APP,
    "create_workspace(uuid, text, text)": APP,
    "find_subscription(bytea)": APP,
    "unsubscribe(bytea)": APP,
    "workspace_people()": APP,
    "reconcile_job(uuid, text, text)": APP,
    "read_events(uuid, uuid, xid8, bigint, integer)": APP,
    "read_workspace_events(uuid, xid8, bigint, integer)": APP,
    "make_partitions(integer)": SERVICE,
    "detach_partitions(interval)": SERVICE,
}
"""Signature: the one role that may call it. All are SECURITY DEFINER with a fixed search path."""

INVOKED: Final[dict[str, str]] = {
    "lock_thread(uuid)": APP,
    "reserve_post(uuid, jsonb, integer, boolean)": SERVICE,
}
"""The same of those that have their caller's rights."""
