"""Who may use which connection, without a connection: limits, order, age, and what closing does."""

import threading
from typing import Any

import httpx
import pytest
from conftest import FakeTime

from pixigpt._transport.slots import Lease, Slots

AnySlots = Slots[Any, threading.Event]


def make(fake_time: FakeTime, used: int | None = 1, idle: int | None = 100, expiry: float | None = 90.0) -> AnySlots:
    limits = httpx.Limits(max_connections=used, max_keepalive_connections=idle, keepalive_expiry=expiry)
    return Slots(limits, threading.Event, fake_time.clock.monotonic)


def taken(slots: AnySlots, connection: Any = None) -> Lease[Any]:
    """A lease that has got a slot at once."""
    lease: Lease[Any] = Lease(connection)
    assert slots.acquire(lease) is None
    return lease


def waiting(slots: AnySlots) -> tuple[Lease[Any], threading.Event]:
    """A lease that has not, and what it waits for."""
    lease: Lease[Any] = Lease()
    signal = slots.acquire(lease)
    assert signal is not None
    assert not signal.is_set()
    return lease, signal


def test_no_more_are_in_use_than_allowed(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    taken(slots)
    taken(slots)
    waiting(slots)
    assert repr(slots) == "<Slots 2 taken, 0 idle, 1 waiting>"


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
    for lease, signal in queue:
        slots.release(first)
        slots.check(lease)
        assert signal.is_set()
        first = lease
    assert repr(slots) == "<Slots 1 taken, 0 idle, 0 waiting>"


def test_who_gives_up_is_passed_over(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    first = taken(slots)
    second, _ = waiting(slots)
    _, signal = waiting(slots)
    slots.release(second)
    assert repr(slots) == "<Slots 1 taken, 0 idle, 1 waiting>"
    slots.release(first)
    assert signal.is_set()


def test_who_gives_up_when_the_turn_has_come_passes_it_on(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    first = taken(slots)
    second, _ = waiting(slots)
    third, signal = waiting(slots)
    slots.release(first)
    slots.release(second)
    assert signal.is_set()
    slots.release(third)
    assert repr(slots) == "<Slots 0 taken, 0 idle, 0 waiting>"


def test_to_leave_twice_or_without_having_entered_does_no_harm(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    other, lease = taken(slots), taken(slots, "a")
    slots.release(lease, keep=True)
    slots.release(lease, keep=True)
    slots.release(Lease("b"), keep=True)
    assert repr(slots) == "<Slots 1 taken, 1 idle, 0 waiting>"
    slots.release(other)
    assert repr(slots) == "<Slots 0 taken, 1 idle, 0 waiting>"


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
    lease, signal = waiting(slots)
    slots.close()
    assert signal.is_set()
    with pytest.raises(httpx.LocalProtocolError, match="closed"):
        slots.check(lease)


def test_every_connection_is_known_idle_or_in_use(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3)
    leases = [taken(slots, name) for name in "abc"]
    slots.release(leases[0], keep=True)
    slots.release(leases[1])
    assert sorted(slots.all_connections()) == ["a", "c"]
