"""The database's clock, which is everybody's: see docs/decisions/0014-clocks.md."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import FieldError, Invalid


async def now(session: AsyncSession) -> datetime:
    return (await session.execute(select(func.now()))).scalar_one()


async def check_ahead(session: AsyncSession, at: datetime, pointer: str) -> None:
    """Raises Invalid at `pointer` for a time that is over."""
    if at <= (it_is := await now(session)):
        detail = f"This is in the past; it is {it_is.isoformat()} now."
        raise Invalid(detail, errors=[FieldError(pointer, detail)])
