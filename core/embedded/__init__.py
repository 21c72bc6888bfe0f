"""PostgreSQL as our own child process, from binaries that pip installed."""

from core.embedded.cluster import Cluster
from core.embedded.place import EmbeddedDatabaseError

__all__ = ["Cluster", "EmbeddedDatabaseError"]
