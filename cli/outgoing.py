"""What is under way and what went out: `proofroom workflows`, `jobs`, `posts`, `accounts`."""

from typing import Final
from uuid import UUID

from cli.calls import Call, Value, add, application, deleting, listing, pairs, project, showing, time

_PLATFORM: Final = Value("platform", "linkedin, x, blog, instagram or email.")
_ACCOUNT: Final = Value("account_id", "An account's id.", flag="--account")

workflows = application(
    "Workflows: what was started, and how far it is.",
    ("id", "status", "threads.platform", "source.title", "created_at"),
    listing(
        "/v1/workflows",
        "The newest first.",
        Value("status", "running, awaiting_review, completed, failed, cancelled or archived."),
        project(),
        Value("external_id", "Your own name for it."),
    ),
    showing("/v1/workflows/{workflow_id}", "A workflow with its threads."),
    Call(
        "cancel",
        "Nothing of it goes out any more; what is out stays.",
        "POST",
        "/v1/workflows/{workflow_id}/cancel",
    ),
    Call("retry", "Run a failed thread from where it stood.", "POST", "/v1/threads/{thread_id}/retry"),
)

jobs = application(
    "Publishing jobs: what was approved, what became of it, and what can be done about it.",
    ("id", "platform", "status", "account_name", "scheduled_for", "url", "error.detail"),
    listing(
        "/v1/publishing-jobs",
        "The newest first.",
        Value("status", "scheduled, held, unknown, failed, published, …"),
        _PLATFORM,
        Value("workflow_id", "A workflow's only.", UUID, flag="--workflow"),
    ),
    showing(
        "/v1/publishing-jobs/{job_id}",
        "What was approved by whom, every attempt, and the platform's receipt.",
    ),
    Call("cancel", "It will not go out.", "POST", "/v1/publishing-jobs/{job_id}/cancel"),
    Call(
        "reschedule",
        "Give it another time.",
        "POST",
        "/v1/publishing-jobs/{job_id}/reschedule",
        (time("scheduled_for", "Like '2027-01-31 09:00'.", argument=True),),
    ),
    Call(
        "retry", "Send a held or failed job now.", "POST", "/v1/publishing-jobs/{job_id}/retry", (_ACCOUNT,)
    ),
    Call(
        "reconcile",
        "Of one that is unknown: ask the platform again, or say what you saw there.",
        "POST",
        "/v1/publishing-jobs/{job_id}/reconcile",
        (
            Value("outcome", "published or absent."),
            Value("url", "Where it is, with published.", flag="--at"),
            Value("send_again", "With absent: send it, or cancel the job.", bool),
        ),
    ),
)
add(
    jobs,
    ("email", "outcome", "detail", "tries", "updated_at"),
    listing(
        "/v1/publishing-jobs/{job_id}/deliveries",
        "What became of a newsletter, reader by reader.",
        Value("outcome", "sent, bounced, failed, unknown, …"),
        name="deliveries",
    ),
)

posts = application(
    "Posts: what is out, or was.",
    ("id", "platform", "published_at", "url", "takedown_status", "simulated", "title"),
    listing("/v1/posts", "The newest first.", Value("q", "Words to look for.", flag="--search"), _PLATFORM),
    showing("/v1/posts/{post_id}", "A post with its text; its receipt is shown by `proofroom jobs show`."),
    Call("unpublish", "Have it taken down; its record stays.", "POST", "/v1/posts/{post_id}/unpublish"),
)

accounts = application(
    "Accounts: where approved posts go out.",
    ("id", "platform", "username", "status", "simulated", "error_message"),
    listing("/v1/accounts", "All of them.", _PLATFORM),
    showing("/v1/accounts/{account_id}", "An account, without its credentials."),
    Call(
        "connect",
        "Connect one; the platform is asked whom it belongs to.",
        "POST",
        "/v1/accounts",
        (
            Value("platform", _PLATFORM.help, argument=True),
            Value("url", "Where the blog is, or the mail server.", flag="--at"),
            pairs("credentials", "What the platform wants, see docs/platforms.md.", "--credential"),
        ),
    ),
    Call(
        "test",
        "Ask the platform whether it still takes the credentials.",
        "POST",
        "/v1/accounts/{account_id}/test",
    ),
    deleting(
        "/v1/accounts/{account_id}",
        "Disconnect it: its credentials are deleted.",
        "Disconnect the account?",
        name="disconnect",
    ),
)
