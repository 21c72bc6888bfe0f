"""What `alembic check` and autogenerate leave alone."""

import re
from typing import Any

from sqlalchemy.dialects.postgresql.base import ischema_names

from models.base import TransactionId

PARTITION = re.compile(r".+_y\d{4}m\d{2}")

ischema_names["xid8"] = TransactionId


def include_object(_: Any, name: str | None, kind: str, reflected: bool, __: Any) -> bool:
    """Months' partitions are made by `make_partitions()`, not by migrations."""
    return not (kind == "table" and reflected and PARTITION.fullmatch(name or ""))
