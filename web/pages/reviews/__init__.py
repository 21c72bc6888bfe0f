"""A draft, and all that it takes to decide about it: `/reviews/{id}`."""

from web.pages.reviews.routes import router

__all__ = ["router"]
