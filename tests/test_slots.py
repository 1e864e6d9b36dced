"""Who may use which connection, without a connection: limits, order, age, and what closing does."""

import threading

import httpcore
import httpx
import pytest
from conftest import FakeTime

from pixigpt._slots import Slots, Turn

Entry = Turn[threading.Event] | None


def make(fake_time: FakeTime, used: int | None = 1, idle: int | None = 100, expiry: float | None = 90.0) -> Slots:  # type: ignore[type-arg]  # any hashable is a connection here
    limits = httpx.Limits(max_connections=used, max_keepalive_connections=idle, keepalive_expiry=expiry)
    return Slots(limits, threading.Event, fake_time.clock.monotonic)


def waiting(turn: Entry) -> Turn[threading.Event]:
    assert turn is not None
    assert not turn.event.is_set()
    return turn


def test_no_more_are_in_use_than_allowed(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    assert (slots.enter(), slots.enter()) == (None, None)
    waiting(slots.enter())
    assert repr(slots) == "<Slots 2 taken, 0 idle, 1 waiting>"


def test_none_means_no_limit(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=None, idle=None, expiry=None)
    assert [slots.enter() for _ in range(5000)] == [None] * 5000
    assert [slots.leave(number) for number in range(5000)] == [[]] * 5000
    fake_time.now += 1e6
    assert slots.reuse() == 4999


def test_those_who_wait_are_served_in_the_order_they_came(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    slots.enter()
    turns = [waiting(slots.enter()) for _ in range(3)]
    for turn in turns:
        slots.leave()
        slots.settle(turn)
        assert turn.event.is_set()
    assert not any(turn.event.is_set() for turn in turns[3:])


def test_who_gives_up_is_passed_over(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    slots.enter()
    first, second = waiting(slots.enter()), waiting(slots.enter())
    slots.give_up(first)
    slots.leave()
    assert second.event.is_set()


def test_who_gives_up_when_the_turn_has_come_passes_it_on(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    slots.enter()
    first, second = waiting(slots.enter()), waiting(slots.enter())
    slots.leave()
    slots.give_up(first)
    assert second.event.is_set()
    slots.leave()
    assert repr(slots) == "<Slots 0 taken, 0 idle, 0 waiting>"


def test_waiting_too_long_is_a_pool_timeout(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    slots.enter()
    turn = waiting(slots.enter())
    with pytest.raises(httpcore.PoolTimeout):
        slots.settle(turn)
    slots.leave()
    assert slots.enter() is None


def test_the_connection_returned_last_is_used_first(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3)
    for _ in range(3):
        slots.enter()
    for name in "abc":
        slots.leave(name)
    assert [slots.reuse() for _ in range(4)] == ["c", "b", "a", None]


def test_too_many_idle_ones_are_closed_the_oldest_first(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3, idle=2)
    for _ in range(3):
        slots.enter()
    assert [slots.leave(name) for name in "abc"] == [[], [], ["a"]]


def test_an_idle_one_that_is_too_old_is_not_used_and_closed_at_the_next_return(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2, expiry=90)
    slots.enter()
    slots.enter()
    slots.leave("old")
    fake_time.now += 91
    assert slots.reuse() is None
    assert slots.leave("new") == ["old"]
    fake_time.now += 89
    assert slots.reuse() == "new"


def test_closing_returns_the_idle_ones_and_then_each_as_it_comes_back(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=2)
    slots.enter()
    slots.enter()
    slots.leave("idle")
    assert slots.close() == ["idle"]
    assert slots.leave("late") == ["late"]
    with pytest.raises(httpcore.LocalProtocolError, match="closed"):
        slots.enter()


def test_closing_sends_those_who_wait_away(fake_time: FakeTime) -> None:
    slots = make(fake_time)
    slots.enter()
    turn = waiting(slots.enter())
    slots.close()
    assert turn.event.is_set()
    with pytest.raises(httpcore.LocalProtocolError, match="closed"):
        slots.settle(turn)


def test_every_connection_is_known_idle_or_in_use(fake_time: FakeTime) -> None:
    slots = make(fake_time, used=3)
    for name in "abc":
        slots.enter()
        slots.opened(name)
    slots.leave("a")
    slots.dropped("b")
    assert sorted(slots.every()) == ["a", "c"]
