"""Settings, a tab per module."""

from web.pages.settings import (
    accounts,
    budgets,
    invitations,
    keys,
    lists,
    profile,
    samples,
    style,
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
        style,
        lists,
        budgets,
        webhooks,
    )
)
