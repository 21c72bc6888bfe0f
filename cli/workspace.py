"""Who works in the workspace, and what it tells and costs: `proofroom members`, `webhooks`, `budgets`, …"""

from typing import Final

from cli.calls import (
    Call,
    Value,
    add,
    application,
    creating,
    deleting,
    listing,
    showing,
    time,
    updating,
    words,
)

_ROLE: Final = Value("role", "viewer, reviewer, editor or owner.", required=True)

members = application(
    "Members: who works in the workspace, and what they may do.",
    ("user_id", "username", "display_name", "role", "created_at"),
    listing("/v1/members", "All of them."),
    updating("/v1/members/{user_id}", "Give somebody another role.", _ROLE),
    deleting(
        "/v1/members/{user_id}",
        "Let somebody go; what they wrote and decided stays.",
        "Remove the member?",
        name="remove",
    ),
)

invitations = application(
    "Invitations: each lets one person in.",
    ("id", "email", "role", "expires_at", "accepted_at", "revoked_at"),
    listing("/v1/invitations", "The newest first."),
    Call(
        "create",
        "Make one; its token is shown this once.",
        "POST",
        "/v1/invitations",
        (
            _ROLE,
            Value("email", "Whom it is for; without one, whoever has the token."),
            Value("expires_in_hours", "How long it holds; else a week.", int, flag="--hours"),
        ),
    ),
    creating(
        "/v1/invitations/accept",
        "Join the workspace, as whom the key belongs to.",
        Value("token", "As it was shown."),
        name="accept",
    ),
    deleting("/v1/invitations/{invitation_id}", "Take it back.", "Revoke the invitation?", name="revoke"),
)

api_keys = application(
    "API keys: each acts for whoever made it, in this workspace. `proofroom keys` makes the first.",
    ("id", "name", "prefix", "scopes", "last_used_at", "expires_at", "revoked_at"),
    listing("/v1/api-keys", "The newest first, without their secrets."),
    creating(
        "/v1/api-keys",
        "Make a key; it is shown this once.",
        Value("name", "What it is for."),
        Value(
            "scopes",
            "read, workflows:write, library:write, reviews:decide, … Repeatable; else read.",
            list[str],
            flag="--scope",
        ),
        time("expires_at", "Like '2027-01-31 09:00'; else it holds for ever.", flag="--until"),
    ),
    deleting("/v1/api-keys/{key_id}", "End it, at once and for good.", "Revoke the key?", name="revoke"),
)

_PERIOD: Final = Value("period", "day or month (UTC).", argument=True)
budgets = application(
    "Budgets: what language models may cost.",
    ("period", "limit_usd", "spent_usd", "remaining_usd", "resets_at"),
    listing("/v1/budgets", "The limits that are set, and what is left."),
    Call(
        "set",
        "Set a period's limit.",
        "POST",
        "/v1/budgets",
        (_PERIOD, Value("limit_usd", "In US dollars.", argument=True)),
    ),
    Call("lift", "Have a period without a limit.", "POST", "/v1/budgets", (_PERIOD,), {"limit_usd": None}),
)

usage = application(
    "Usage: what language models took and cost.",
    (
        "day",
        "service",
        "model",
        "platform",
        "amount.calls",
        "amount.input_tokens",
        "amount.output_tokens",
        "amount.cost_usd",
    ),
    Call(
        "show",
        "By day, model and platform.",
        "GET",
        "/v1/usage",
        (
            time("since", "Like 2027-01-31; else the beginning of the month (UTC)."),
            time("until", "Like 2027-01-31; else now."),
        ),
        table="lines",
    ),
)

_URL: Final = Value("url", "The address that is told.", flag="--at")
_EVENTS: Final = words("events", "Types of events, as docs/webhooks.md names them; else all.", "--event")
webhooks = application(
    "Webhooks: addresses that are told what happens.",
    ("id", "url", "events", "status", "error"),
    listing("/v1/webhooks", "The newest first."),
    showing("/v1/webhooks/{webhook_id}", "A webhook, without its secret."),
    creating("/v1/webhooks", "Tell an address; the secret is shown this once.", _URL, _EVENTS),
    updating(
        "/v1/webhooks/{webhook_id}",
        "Change it, pause it, or bring a disabled one back.",
        _URL,
        _EVENTS,
        Value("status", "active or paused."),
    ),
    Call("test", "Send it a webhook.test.", "POST", "/v1/webhooks/{webhook_id}/test"),
    Call(
        "rotate-secret",
        "Make a new secret; for a day the one before signs as well.",
        "POST",
        "/v1/webhooks/{webhook_id}/rotate-secret",
    ),
    Call(
        "replay",
        "Send what happened in a time and did not arrive.",
        "POST",
        "/v1/webhooks/{webhook_id}/replay",
        (
            time("since", "Like '2027-01-31 09:00'.", required=True),
            time("until", "The same; else now."),
            Value("delivered", "Also what did arrive.", bool),
        ),
    ),
    deleting(
        "/v1/webhooks/{webhook_id}",
        "Tell it no more, and forget what it was told.",
        "Delete the webhook?",
    ),
    Call(
        "show-delivery",
        "A delivery with every attempt.",
        "GET",
        "/v1/webhooks/deliveries/{delivery_id}",
    ),
    Call(
        "replay-delivery",
        "Send one again, under the same id.",
        "POST",
        "/v1/webhooks/deliveries/{delivery_id}/replay",
    ),
)
add(
    webhooks,
    ("id", "type", "status", "tries", "occurred_at", "due_at"),
    listing(
        "/v1/webhooks/{webhook_id}/deliveries",
        "What it was told, the newest first.",
        Value("status", "pending, delivered or dead."),
        name="deliveries",
    ),
)
