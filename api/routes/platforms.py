from api.deps import Db, Viewer
from api.pages import Page
from api.route import router as new_router
from api.schemas.accounts import ContentIn, MeasureOut, PlatformOut
from platforms.registry import PLATFORMS
from services.delivery import measuring

router = new_router("/v1", "platforms")


@router.get("/platforms")
async def list_platforms(_: Viewer) -> Page[PlatformOut]:
    """What each takes, and what it wants to know to connect an account."""
    return Page.whole([PlatformOut.of(platform) for platform in PLATFORMS.values()])


@router.post("/validate")
async def validate_content(body: ContentIn, principal: Viewer, db: Db) -> MeasureOut:
    """Measures a text as the platform does and names every rule that it breaks. Nothing is kept."""
    found = await measuring.measure(body.platform, body.says)
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        quota = await measuring.remaining(session, body.platform)
    return MeasureOut.of(found, quota)
