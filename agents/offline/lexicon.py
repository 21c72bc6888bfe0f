"""The word lists of words.toml."""

import tomllib
from importlib.resources import files
from typing import Final

_LISTS: Final = tomllib.loads(files("agents.offline").joinpath("words.toml").read_text(encoding="utf-8"))

ABBREVIATIONS: Final = frozenset(str(_LISTS["abbreviations"]).split())
LEANING: Final = frozenset(str(_LISTS["leaning"]).split())
POINTING: Final = frozenset(str(_LISTS["pointing"]).split())
COMMON: Final = frozenset(str(_LISTS["common"]).split())
NUMBERS: Final = frozenset(str(_LISTS["numbers"]).split())
ASKING: Final = frozenset(str(_LISTS["asking"]).split())
NUMBERED: Final = frozenset(str(_LISTS["numbered"]).split())
AROUND: Final = frozenset(map(str, _LISTS["around"]))
