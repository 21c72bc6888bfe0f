from api.deps import ProfileWriter, Session, Viewer
from api.route import router as new_router
from api.schemas.library import ProfileIn, ProfileOut
from services.library import profiles

router = new_router("/v1/profile", "library")


@router.get("")
async def get_profile(principal: Viewer, session: Session) -> ProfileOut:
    return ProfileOut.model_validate(await profiles.find(session, principal))


@router.put("")
async def put_profile(body: ProfileIn, principal: ProfileWriter, session: Session) -> ProfileOut:
    """Replaces all of it: what is left out is cleared."""
    profile = await profiles.replace(
        session,
        principal,
        name=body.name,
        preferences=body.preferences,
        tone_of_voice=body.tone_of_voice,
    )
    return ProfileOut.model_validate(profile)
