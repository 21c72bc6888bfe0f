"""Settings, a tab per module."""

from web.pages.settings import (
    accounts,
    budgets,
    invitations,
    keys,
    profile,
    projects,
    samples,
    templates,
    webhooks,
    workspace,
)

ROUTERS = tuple(
    module.router
    for module in (
        profile,
        workspace,
        invitations,
        keys,
        accounts,
        templates,
        samples,
        projects,
        budgets,
        webhooks,
    )
)
