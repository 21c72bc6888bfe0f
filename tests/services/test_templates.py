import pytest

from core.errors import TooLarge
from models import Template
from services import templates


def test_a_placeholder_that_is_repeated_does_not_fill_the_memory() -> None:
    template = Template(prompt="{topic}" * 2_800)
    with pytest.raises(TooLarge):
        templates.render(template, {"topic": "x" * 1_000_000})
    assert templates.render(template, {"topic": "x" * 300}) == "x" * 840_000
    assert templates.render(Template(prompt="{{{topic}}}"), {"topic": "x"}) == "{x}"
