"""Texts that can be told apart: each sentence carries its workflow's mark."""

from random import Random

_SENTENCES = (
    "Release {mark} of the harbour system is out today, and every ship can now book a berth by itself.",
    "In {mark} we measured 412 arrivals over eleven weeks, and the average wait fell from 54 to 13 minutes.",
    "The crew behind {mark} replaced the old radio lists with one page that a captain reads on a telephone.",
    "Before {mark} a delayed tug cost the port 3,100 euros a night, because nobody knew who was waiting.",
    "With {mark} the plan is made again within nine seconds whenever a ship is late.",
    "Two ports took part in {mark}, and both kept their own rules for dangerous cargo.",
    "What {mark} does not do is price the berths; that stays with the harbour master.",
    "You can try {mark} with your own timetable before you decide anything.",
)
_ALPHABET = "bcdfghjkmnpqrstvwxz"


def mark(dice: Random) -> str:
    """A word that no other text has."""
    return "Q" + "".join(dice.choices(_ALPHABET, k=9))


def source(word: str, dice: Random) -> str:
    picked = dice.sample(_SENTENCES, k=6)
    return "\n\n".join(f"{one} {two}" for one, two in zip(picked[::2], picked[1::2], strict=True)).format(
        mark=word
    )


def edited(word: str, dice: Random) -> str:
    """Short enough for every platform, and never the same twice."""
    return f"By hand, number {dice.randrange(10**9)}: {dice.choice(_SENTENCES).format(mark=word)}"
