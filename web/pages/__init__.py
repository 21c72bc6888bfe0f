"""One module a page; each has a `router`. A new one is added to ROUTERS."""

from web import assets
from web.pages import (
    calendar,
    deliveries,
    events,
    feeds,
    inbox,
    inbox_actions,
    ledger,
    library,
    new,
    oidc,
    published,
    reviews,
    settings,
    sign_in,
    unsubscribe,
    workflows,
)

ROUTERS = (
    assets.router,
    sign_in.router,
    oidc.router,
    unsubscribe.router,
    events.router,
    inbox.router,
    inbox_actions.router,
    new.router,
    reviews.router,
    workflows.router,
    published.router,
    calendar.router,
    ledger.router,
    deliveries.router,
    *library.ROUTERS,
    feeds.router,
    *settings.ROUTERS,
)
