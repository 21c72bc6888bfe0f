"""Counting who asks how often, with made-up names."""

from itertools import count

import pytest

from api import limits
from api.limits import Limits, TooManySignIns


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


def test_failed_sign_ins_are_counted_for_users_and_addresses() -> None:
    counted = Limits(1)
    for number in range(limits.FAILURES_PER_ADDRESS):
        counted.check_sign_in(f"user-{number}", "192.0.2.1")
        counted.sign_in_failed(f"user-{number}", "192.0.2.1")
    with pytest.raises(TooManySignIns) as raised:
        counted.check_sign_in("ada", "192.0.2.1")
    assert raised.value.retry_after
    for _ in range(limits.FAILURES_PER_USER):
        counted.check_sign_in("ada", "192.0.2.2")
        counted.sign_in_failed("ada", "192.0.2.2")
    with pytest.raises(TooManySignIns):
        counted.check_sign_in("ada", "192.0.2.3")
