"""Who may use which connection, without a connection: limits, order, age, and what closing does."""

import threading
from typing import Any

import httpx
import pytest
from support.pools import AnySlots, usage
from support.waiting import FakeTime

from pixigpt._transport.slots import Lease, Slots


def make(fake_time: FakeTime, used: int | None = 1, idle: int | None = 100, expiry: float | None = 90.0) -> AnySlots:
    limits = httpx.Limits(max_connections=used, max_keepalive_connections=idle, keepalive_expiry=expiry)
    return Slots(limits, threading.Event, fake_time.clock.monotonic)


def taken(slots: AnySlots, connection: Any = None) -> Lease[Any]:
    """Return a lease that has got a slot at once."""
    lease: Lease[Any] = Lease(connection)
    assert slots.acquire(lease) is None
    return lease


def waiting(slots: AnySlots) -> tuple[Lease[Any], threading.Event]:
    """Return a lease that waits for a slot, and what it waits on."""
    lease: Lease[Any] = Lease()
    waiter = slots.acquire(lease)
    assert waiter is not None
    assert not waiter.is_set()
    return lease, waiter


def test_no_more_are_in_use_than_allowed(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    taken(slots)
    taken(slots)
    waiting(slots)
    assert usage(slots) == (2, 0, 1)


def test_none_means_no_limit(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=None, idle=None, expiry=None)
    leases = [taken(slots, number) for number in range(5000)]
    assert [slots.release(lease, keep=True) for lease in leases] == [[]] * 5000
    fake_time.now += 1e6
    assert slots.reuse(taken(slots)) == 4999


def test_those_who_wait_are_served_in_the_order_they_came(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    first = taken(slots)
    queue = [waiting(slots) for _ in range(3)]
    for lease, waiter in queue:
        slots.release(first)
        slots.check(lease)
        assert waiter.is_set()
        first = lease
    assert usage(slots) == (1, 0, 0)


def test_who_gives_up_is_passed_over(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    first = taken(slots)
    second, _ = waiting(slots)
    _, waiter = waiting(slots)
    slots.release(second)
    assert usage(slots) == (1, 0, 1)
    slots.release(first)
    assert waiter.is_set()


def test_who_gives_up_when_the_turn_has_come_passes_it_on(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    first = taken(slots)
    second, _ = waiting(slots)
    third, waiter = waiting(slots)
    slots.release(first)
    slots.release(second)
    assert waiter.is_set()
    slots.release(third)
    assert usage(slots) == (0, 0, 0)


def test_to_leave_twice_or_without_having_entered_does_no_harm(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    other, lease = taken(slots), taken(slots, "a")
    slots.release(lease, keep=True)
    slots.release(lease, keep=True)
    slots.release(Lease("b"), keep=True)
    assert usage(slots) == (1, 1, 0)
    slots.release(other)
    assert usage(slots) == (0, 1, 0)


def test_waiting_too_long_is_a_pool_timeout(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    first = taken(slots)
    lease, _ = waiting(slots)
    with pytest.raises(httpx.PoolTimeout):
        slots.check(lease)
    slots.release(lease)
    slots.release(first)
    taken(slots)


def test_the_connection_returned_last_is_used_first(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3)
    for lease in [taken(slots, name) for name in "abc"]:
        slots.release(lease, keep=True)
    lease = taken(slots)
    assert [slots.reuse(lease) for _ in range(4)] == ["c", "b", "a", None]


def test_too_many_idle_ones_are_closed_the_oldest_first(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3, idle=2)
    leases = [taken(slots, name) for name in "abc"]
    assert [slots.release(lease, keep=True) for lease in leases] == [[], [], ["a"]]


def test_an_idle_one_that_is_too_old_is_not_used_and_closed_at_the_next_return(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2, expiry=90)
    slots.release(taken(slots, "old"), keep=True)
    fake_time.now += 91
    assert slots.reuse(taken(slots)) is None
    assert slots.release(taken(slots, "new"), keep=True) == ["old"]
    fake_time.now += 89
    assert slots.reuse(taken(slots)) == "new"


def test_closing_returns_the_idle_ones_and_then_each_as_it_comes_back(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    late = taken(slots, "late")
    slots.release(taken(slots, "idle"), keep=True)
    assert slots.close() == ["idle"]
    assert slots.release(late, keep=True) == ["late"]
    with pytest.raises(httpx.LocalProtocolError, match="closed"):
        slots.acquire(Lease())


def test_closing_sends_those_who_wait_away(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    taken(slots)
    lease, waiter = waiting(slots)
    slots.close()
    assert waiter.is_set()
    with pytest.raises(httpx.LocalProtocolError, match="closed"):
        slots.check(lease)


def test_every_connection_is_known_idle_or_in_use(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3)
    leases = [taken(slots, name) for name in "abc"]
    slots.release(leases[0], keep=True)
    slots.release(leases[1])
    assert sorted(slots.all_connections()) == ["a", "c"]
