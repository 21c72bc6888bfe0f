from pydantic import SecretStr

from agents.choose import agents_for
from agents.critic import ModelCritic
from agents.offline.critic import OfflineCritic
from agents.offline.writer import OfflineWriter
from agents.writer import ModelWriter
from core.settings import Settings


def test_without_a_model_it_is_the_offline_ones() -> None:
    writer, critic = agents_for(Settings())
    assert isinstance(writer, OfflineWriter)
    assert isinstance(critic, OfflineCritic)


def test_asked_for_by_name_offline_wins_over_a_key() -> None:
    writer, _ = agents_for(Settings(offline=True, openai_api_key=SecretStr("sk")))
    assert isinstance(writer, OfflineWriter)


def test_with_a_key_the_named_models_write_and_judge() -> None:
    settings = Settings(openai_api_key=SecretStr("sk"), writer_model="w", critic_model="c")
    writer, critic = agents_for(settings, critic_model="other")
    assert isinstance(writer, ModelWriter)
    assert isinstance(critic, ModelCritic)
    assert (writer.model.name, critic.model.name) == ("w", "other")


def test_a_server_of_ones_own_needs_no_key() -> None:
    writer, _ = agents_for(Settings(openai_base_url="http://127.0.0.1:1/v1"))
    assert isinstance(writer, ModelWriter)
