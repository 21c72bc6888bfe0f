from uuid import UUID

from api.deps import Owner, Session
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.administration import ApiKeyIn, ApiKeyMade, ApiKeyOut
from services.access import api_keys

router = new_router("/v1/api-keys", "administration")


@router.get("")
async def list_api_keys(_: Owner, session: Session, paging: Paging) -> Page[ApiKeyOut]:
    return Page[ApiKeyOut].of(await api_keys.browse(session, paging), ApiKeyOut.model_validate)


@router.post("", status_code=201)
async def create_api_key(body: ApiKeyIn, principal: Owner, session: Session) -> ApiKeyMade:
    """Answers the key, this once. It acts for the caller, in this workspace."""
    key, secret = await api_keys.create(
        session, principal, name=body.name, scopes=body.scopes, expires_at=body.expires_at
    )
    return ApiKeyMade(**ApiKeyOut.model_validate(key).model_dump(), key=secret)


@router.delete("/{key_id}", status_code=204)
async def revoke_api_key(key_id: UUID, _: Owner, session: Session) -> None:
    await api_keys.revoke(session, key_id)
