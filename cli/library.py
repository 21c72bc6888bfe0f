"""What the workspace keeps to write from and to write by: `proofroom projects`, `templates`, `lists`, …"""

from typing import Final

from cli.calls import (
    Call,
    Value,
    add,
    application,
    creating,
    deleting,
    listing,
    pairs,
    project,
    showing,
    text,
    updating,
)

_PLATFORM: Final = Value("platform", "linkedin, x, blog, instagram or email.")

_TITLE = Value("title", "What it is called.")
_DESCRIPTION = text("description", "What it is about.")
projects = application(
    "Projects: what belongs together, with its files and outputs.",
    ("id", "title", "description", "updated_at"),
    listing("/v1/projects", "The newest first."),
    showing("/v1/projects/{project_id}", "A project."),
    creating("/v1/projects", "Make a project.", _TITLE, _DESCRIPTION),
    updating("/v1/projects/{project_id}", "Change its title or description.", _TITLE, _DESCRIPTION),
    deleting(
        "/v1/projects/{project_id}",
        "Delete a project with all its files.",
        "Delete the project with all its files?",
    ),
)

outputs = application(
    "Outputs: what was written in a project, one for each platform.",
    ("id", "platform", "kind", "status", "thread_status", "metadata.title", "updated_at"),
    listing(
        "/v1/projects/{project_id}/outputs",
        "The newest first.",
        project(required=True),
        Value("kind", "blog, social or email."),
        Value("status", "queued, processing, completed or failed."),
        Value("archived", "Only those of workflows that ended long ago; or only the others.", bool),
    ),
    showing("/v1/outputs/{output_id}", "An output with its text."),
)

_NAME = Value("name", "Unlike that of any other of yours.")
_TYPE = Value("type", "blog, linkedin, twitter, instagram or email.", required=True)
_PROMPT = text("prompt", "What to write, with {placeholders}.", required=True)
templates = application(
    "Templates: what kind of post it is, with fields to fill in.",
    ("id", "name", "type", "placeholders", "is_custom"),
    listing("/v1/templates", "Yours and those that came with Proofroom.", Value("type", _TYPE.help)),
    showing("/v1/templates/{template_id}", "A template with its prompt."),
    creating("/v1/templates", "Make a template.", _NAME, _TYPE, _PROMPT),
    Call(
        "copy",
        "Make one of yours of another, to be changed.",
        "POST",
        "/v1/templates/{template_id}/copies",
        (Value("name", "Else after the original."),),
    ),
    Call(
        "preview",
        "The prompt as it is with this input, and what is missing. No model is asked.",
        "POST",
        "/v1/templates/preview",
        (
            Value("template_id", "One that is kept.", flag="--template"),
            text("prompt", "Instead: one that is not."),
            pairs("input", "A placeholder's words.", "--field"),
        ),
    ),
    updating("/v1/templates/{template_id}", "Change a template of yours.", _NAME, _TYPE, _PROMPT),
    deleting("/v1/templates/{template_id}", "Delete a template of yours.", "Delete the template?"),
)

_CONTENT = text("content", "The text; of an image its address.")
_RESOURCE_TYPE = Value("type", "style_sample, reference or image.", required=True)
_METADATA = pairs("metadata", "title, platform and what else you like:", "--metadata")
samples = application(
    "Samples: texts to sound like, references, images.",
    ("id", "type", "metadata.title", "content"),
    listing("/v1/resources", "The newest first.", Value("type", _RESOURCE_TYPE.help)),
    showing("/v1/resources/{sample_id}", "A sample with its text."),
    creating("/v1/resources", "Keep a sample.", _CONTENT, _RESOURCE_TYPE, _METADATA),
    updating("/v1/resources/{sample_id}", "Change a sample.", _CONTENT, _RESOURCE_TYPE, _METADATA),
    deleting("/v1/resources/{sample_id}", "Delete a sample.", "Delete the sample?"),
)

_RULE = Value("rule", "In a sentence.")
_SCOPE = Value("scope", "workspace: holds for everybody's drafts; user: for those of whoever taught it.")
_DECISION = "/v1/style-rules/{rule_id}/decision"
style_rules = application(
    "Rules of style: proposed from what people edit, and held once somebody has agreed.",
    ("id", "status", "rule", "platform", "scope", "version"),
    listing(
        "/v1/style-rules", "The newest first.", Value("status", "proposed, active or dropped."), _PLATFORM
    ),
    showing("/v1/style-rules/{rule_id}", "A rule, with the edit that suggests it and its earlier wordings."),
    creating("/v1/style-rules", "Write a rule; it holds at once.", _RULE, _PLATFORM, _SCOPE),
    updating(
        "/v1/style-rules/{rule_id}", "Reword a rule, or hold it wider or narrower.", _RULE, _PLATFORM, _SCOPE
    ),
    Call("accept", "Hold drafts to it from now on.", "POST", _DECISION, body={"decision": "accept"}),
    Call(
        "drop",
        "Hold nothing to it, and do not propose it again.",
        "POST",
        _DECISION,
        body={"decision": "drop"},
    ),
)

profile = application(
    "Your profile: your name, and how your drafts sound when nothing else is said.",
    (),
    showing("/v1/profile", "As it is."),
    updating(
        "/v1/profile",
        "Change what is named here; the rest stays.",
        Value("name", "What colleagues see."),
        text("tone_of_voice", "How your drafts sound.", flag="--tone"),
        pairs("preferences", "What you like to be kept:", "--preference"),
        method="PUT",
    ),
)

_LIST_NAME = Value("name", "Readers see it, as the reason why they get the mail.")
_SUBSCRIBERS = "/v1/lists/{list_id}/subscribers"
_CONSENT: Final = Value("consent", "When and how they have agreed to get it.")
lists = application(
    "Mailing lists, and who is on them.",
    ("id", "name", "subscribed", "unsubscribed", "bounced"),
    listing("/v1/lists", "The newest first."),
    showing("/v1/lists/{list_id}", "A list with its counts."),
    creating("/v1/lists", "Make a list.", _LIST_NAME),
    updating("/v1/lists/{list_id}", "Give it another name.", _LIST_NAME),
    deleting(
        "/v1/lists/{list_id}", "Delete a list with its subscribers.", "Delete the list with its subscribers?"
    ),
    creating(
        f"{_SUBSCRIBERS}/import",
        "Put many on a list: all of them, or none where an address is none.",
        text("csv", "The column titled email, or the first; status and consent where there are such."),
        _CONSENT,
        name="import",
    ),
    Call(
        "subscribe",
        "Put somebody on a list.",
        "POST",
        _SUBSCRIBERS,
        (Value("email", "", argument=True), _CONSENT),
    ),
    Call("unsubscribe", "Mail somebody no more.", "POST", f"{_SUBSCRIBERS}/{{subscriber_id}}/unsubscribe"),
    deleting(
        f"{_SUBSCRIBERS}/{{subscriber_id}}",
        "Forget an address, and with it that it had left.",
        "Forget the address?",
        name="forget",
    ),
    Call(
        "export",
        "Everybody on a list, or who was, as CSV; it can be imported again.",
        "GET",
        f"{_SUBSCRIBERS}/export",
        is_text=True,
    ),
)
add(
    lists,
    ("id", "email", "status", "reason", "ended_at"),
    listing(
        _SUBSCRIBERS,
        "Who is on a list, or was.",
        Value("status", "subscribed, unsubscribed or bounced."),
        name="subscribers",
    ),
)
