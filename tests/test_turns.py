"""Turns: who is next, what a share is, and that nobody waits for ever."""

import threading
import time

import pytest

from playground.turns import Share, Turns


class Contest:
    """Shares that always want a turn, and the order in which they have them."""

    def __init__(self, costs):
        self.taking, self.costs, self.order = Turns(1), costs, []
        self.shares = {}

    def enter(self, name):
        share = self.shares[name] = Share()
        self.taking.shares.add(share)
        if self.taking.free:
            self.taking.free -= 1
            share.may_go.set()
        else:
            self.taking.waiting.add(share)

    def go(self, turns):
        for _ in range(turns):
            (name,) = [name for name, share in self.shares.items() if share.may_go.is_set()]
            share = self.shares[name]
            self.order.append(name)
            share.may_go.clear()
            self.taking._leave(share, self.costs[name])
            if share.may_go.is_set() or not self.taking.free:
                self.taking.waiting.add(share)
            else:
                self.taking.free -= 1
                share.may_go.set()
        return self.order


def test_newcomers_are_first_in_the_order_in_which_they_came():
    contest = Contest(dict.fromkeys("abcdef", 1.0))
    contest.enter("a")
    contest.go(20)
    for name in "bcd":
        contest.enter(name)
    assert contest.go(4)[20:] == list("abcd")
    contest.enter("e")
    contest.enter("f")
    assert contest.go(3)[25:] == list("ef")


def test_equal_streams_are_never_more_than_a_turn_apart():
    contest = Contest(dict.fromkeys("abcd", 1.0))
    for name in "abcd":
        contest.enter(name)
    order = contest.go(400)
    for end in range(1, 400):
        counts = [order[:end].count(name) for name in "abcd"]
        assert max(counts) - min(counts) <= 1


def test_a_slow_model_has_its_share_of_the_time_and_not_of_the_turns():
    contest = Contest({"slow": 10.0, "b": 1.0, "c": 1.0})
    for name in contest.costs:
        contest.enter(name)
    order = contest.go(2100)
    assert order.count("b") == pytest.approx(10 * order.count("slow"), abs=20)
    assert order.count("c") == pytest.approx(order.count("b"), abs=2)


def test_who_comes_late_is_not_owed_the_time_before():
    contest = Contest({"a": 1.0, "b": 1.0})
    contest.enter("a")
    contest.go(100)
    contest.enter("b")
    order = contest.go(100)[100:]
    assert order.count("b") == pytest.approx(50, abs=2)


def test_who_fails_or_leaves_hands_the_turn_on():
    taking = Turns(1)

    def fails():
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(taking.share(fails()))
    left = taking.share(iter(range(5)))
    assert next(left) == 0
    assert len(taking) == 1
    left.close()
    assert list(taking.share(iter("ab"))) == ["a", "b"]
    assert (len(taking), taking.free, taking.waiting) == (0, 1, set())


@pytest.mark.parametrize("at_once", [1, 2])
def test_in_threads_each_has_all_of_its_items_and_no_more_than_may_are_made_at_once(at_once):
    taking, making, most, found = Turns(at_once), [0], [0], {}

    def items():
        for number in range(50):
            making[0] += 1
            most[0] = max(most[0], making[0])
            time.sleep(0)
            making[0] -= 1
            yield number

    def take(name):
        found[name] = list(taking.share(items()))

    threads = [threading.Thread(target=take, args=(name,), daemon=True) for name in range(20)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert found == {name: list(range(50)) for name in range(20)}
    assert most[0] <= at_once
    assert (len(taking), taking.free, taking.waiting) == (0, at_once, set())
