"""Counting who asks how often, with made-up names."""

from contextlib import ExitStack, suppress
from itertools import count

import pytest

from api import limits
from api.limits import Limits, TooManySignIns
from core.errors import Unauthenticated


def test_so_many_and_no_more() -> None:
    counted = Limits(2)
    answers = [counted.request("ada") for _ in range(3)]
    assert [allowed for allowed, _ in answers] == [True, True, False]
    assert [allowance.remaining for _, allowance in answers] == [1, 0, 0]
    assert all(0 < allowance.reset_seconds <= 60 for _, allowance in answers)
    assert counted.request("bob")[0]


def test_names_that_nobody_has_do_not_fill_the_memory() -> None:
    counted = Limits(2)
    assert counted.request("ada")[0]
    names = map(str, count())
    refused = next(number for number, name in enumerate(names) if not counted.request(name)[0])
    assert refused <= limits.LARGEST_COUNT + 2, "whoever comes late shares a count"
    assert counted.request("ada")[0], "who came early has one of their own"


def guess(counted: Limits, name: str, address: str) -> None:
    with suppress(Unauthenticated), counted.guess(name, address, Unauthenticated):
        raise Unauthenticated("No.")


def test_failed_sign_ins_are_counted_for_users_and_addresses() -> None:
    counted = Limits(1)
    for number in range(limits.FAILURES_PER_ADDRESS):
        guess(counted, f"user-{number}", "192.0.2.1")
    with pytest.raises(TooManySignIns) as raised:
        guess(counted, "ada", "192.0.2.1")
    assert raised.value.retry_after
    for _ in range(limits.FAILURES_PER_USER):
        guess(counted, "ada", "192.0.2.2")
    with pytest.raises(TooManySignIns):
        guess(counted, "ada", "192.0.2.3")


def test_guesses_at_once_are_no_more_than_guesses_in_a_row() -> None:
    counted = Limits(1)
    with ExitStack() as under_way:
        for number in range(limits.FAILURES_PER_ADDRESS):
            under_way.enter_context(counted.guess(f"user-{number}", "192.0.2.1", Unauthenticated))
        with pytest.raises(TooManySignIns):
            guess(counted, "ada", "192.0.2.1")
    guess(counted, "ada", "192.0.2.1")


def test_only_wrong_guesses_are_held_against_somebody() -> None:
    counted = Limits(1)
    for _ in range(limits.FAILURES_PER_USER + 1):
        with counted.guess("ada", "192.0.2.1", Unauthenticated):
            pass
        with suppress(OSError), counted.guess("ada", "192.0.2.1", Unauthenticated):
            raise OSError("the database is away")
