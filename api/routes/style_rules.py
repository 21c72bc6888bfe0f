from uuid import UUID

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.style import StyleRuleDecision, StyleRuleIn, StyleRuleOut, StyleRulePatch
from models.style import RuleStatus
from services.style import style_rules

router = new_router("/v1/style-rules", "library")


@router.get("")
async def list_style_rules(
    _: Viewer, session: Session, paging: Paging, status: RuleStatus | None = None
) -> Page[StyleRuleOut]:
    """What edits suggest, what holds, and what was dropped."""
    return Page[StyleRuleOut].of(
        await style_rules.browse(session, paging, status), StyleRuleOut.model_validate
    )


@router.post("", status_code=201)
async def create_style_rule(body: StyleRuleIn, principal: LibraryEditor, session: Session) -> StyleRuleOut:
    """Holds at once, for workflows that begin from now on."""
    made = await style_rules.create(
        session, principal, rule=body.rule, platform=body.platform, scope=body.scope
    )
    return StyleRuleOut.model_validate(made)


@router.get("/{rule_id}")
async def get_style_rule(rule_id: UUID, _: Viewer, session: Session) -> StyleRuleOut:
    return StyleRuleOut.model_validate(await style_rules.find(session, rule_id))


@router.patch("/{rule_id}")
async def change_style_rule(
    rule_id: UUID, body: StyleRulePatch, _: LibraryEditor, session: Session
) -> StyleRuleOut:
    """Another wording is a new version; the one before it is kept."""
    return StyleRuleOut.model_validate(await style_rules.change(session, rule_id, body.changes()))


@router.post("/{rule_id}/decision")
async def decide_style_rule(
    rule_id: UUID, body: StyleRuleDecision, principal: LibraryEditor, session: Session
) -> StyleRuleOut:
    """`accept` tells it to writers from now on; `drop` ends that, and it is not proposed again."""
    return StyleRuleOut.model_validate(await style_rules.decide(session, principal, rule_id, body.status))
