"""One module per resource; each has a `router`. A new one is added to ROUTERS."""

from api.routes import (
    api_keys,
    auth,
    invitations,
    members,
    profile,
    projects,
    resources,
    spending,
    system,
    templates,
    workspaces,
)

ROUTERS = (
    system.router,
    auth.router,
    workspaces.router,
    members.router,
    invitations.router,
    api_keys.router,
    spending.router,
    projects.router,
    templates.router,
    resources.router,
    profile.router,
)
