"""Which agents a service works with."""

from agents.base import Critic, Writer
from agents.offline.critic import OfflineCritic
from agents.offline.quoter import OfflineQuoter
from agents.offline.writer import OfflineWriter
from agents.quoter import Quoter
from agents.rules import RuleWriter
from core.settings import Settings


def agents_for(
    settings: Settings, *, writer_model: str | None = None, critic_model: str | None = None
) -> tuple[Writer, Critic]:
    """Model-backed with a key or a base URL, else offline. The names replace those of the settings."""
    if not settings.model_backed:
        return OfflineWriter(), OfflineCritic()
    # The client library takes a second to load, which who works offline need not wait for.
    from agents.critic import ModelCritic
    from agents.llm import model
    from agents.writer import ModelWriter

    writer = model(settings, "writer", writer_model or settings.writer_model)
    critic = model(settings, "critic", critic_model or settings.critic_model)
    return ModelWriter(writer, settings.model_window_words), ModelCritic(critic)


def quoter_for(settings: Settings) -> Quoter:
    """The writer's model, or the offline one."""
    if not settings.model_backed:
        return OfflineQuoter()
    from agents.llm import model
    from agents.model_quoter import ModelQuoter

    return ModelQuoter(model(settings, "quoter", settings.writer_model), settings.model_window_words)


def rule_writer_for(settings: Settings) -> RuleWriter | None:
    """The writer's model; None: the words that code finds have to do."""
    if not settings.model_backed:
        return None
    from agents.llm import model
    from agents.model_rules import ModelRuleWriter

    return ModelRuleWriter(model(settings, "ruler", settings.writer_model))
