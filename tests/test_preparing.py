import threading

import pytest

from playground.ui.preparing import Jobs


class Slow:
    """Prepares nothing, until it is told to go on."""

    def __init__(self):
        self.go, self.started, self.ended, self.times = threading.Event(), threading.Event(), "", 0

    def __call__(self, report):
        self.times += 1
        self.started.set()
        try:
            while not self.go.wait(0.005):
                report("working", 1, 4)
        except BaseException as error:
            self.ended = type(error).__name__
            raise
        self.ended = "whole"
        return "prepared"


@pytest.fixture
def jobs():
    return Jobs()


def test_two_who_ask_for_the_same_text_share_its_work(jobs):
    slow = Slow()
    one, two = jobs.watch("one", "key", slow), jobs.watch("two", "key", slow)
    assert one is two
    slow.go.set()
    assert one.done.wait(10)
    assert (one.prepared, one.error, slow.times) == ("prepared", "", 1)
    assert jobs.watch("three", "key", slow).prepared == "prepared"
    assert slow.times == 1


def test_another_text_does_not_wait(jobs):
    slow, quick = Slow(), Slow()
    quick.go.set()
    waiting = jobs.watch("one", "slow", slow)
    assert jobs.watch("two", "quick", quick).done.wait(10)
    assert not waiting.done.is_set()
    slow.go.set()
    assert waiting.done.wait(10)


def test_a_cancelled_text_is_given_up_and_stays_so_until_it_is_asked_for_again(jobs):
    slow = Slow()
    job = jobs.watch("one", "key", slow)
    jobs.cancel("one", "key")
    assert job.done.wait(10)
    assert slow.ended == "CancelledError"
    assert jobs.watch("one", "key", slow) is None
    jobs.retry("one", "key")
    slow.go.set()
    assert jobs.watch("one", "key", slow).done.wait(10)
    assert (slow.ended, slow.times) == ("whole", 2)


def test_one_who_cancels_does_not_take_the_text_from_another(jobs):
    slow = Slow()
    job = jobs.watch("one", "key", slow)
    jobs.watch("two", "key", slow)
    jobs.cancel("one", "key")
    assert not job.given_up.is_set()
    slow.go.set()
    assert job.done.wait(10)
    assert jobs.watch("two", "key", slow).prepared == "prepared"


@pytest.mark.parametrize("leave", ["leaves", "turns to another"])
def test_a_text_that_nobody_watches_any_more_is_given_up(jobs, leave):
    slow, other = Slow(), Slow()
    other.go.set()
    job = jobs.watch("one", "key", slow)
    if leave == "leaves":
        jobs.leave("one")
    else:
        jobs.watch("one", "other", other)
    assert job.done.wait(10)
    assert slow.ended == "CancelledError"


def test_what_went_wrong_is_said_in_a_sentence_and_can_be_tried_again(jobs):
    def fail(report):
        raise ValueError("The text is too short.")

    job = jobs.watch("one", "key", fail)
    assert job.done.wait(10)
    assert (job.prepared, job.error) == (None, "The text is too short.")
    assert jobs.watch("one", "key", fail) is job
    jobs.retry("one", "key")
    assert jobs.watch("one", "key", fail) is not job


def test_how_far_it_is_can_be_seen_while_it_goes_on(jobs):
    slow = Slow()
    job = jobs.watch("one", "key", slow)
    while job.pace is None:
        assert not job.done.is_set()
    assert job.phase == "working"
    assert job.pace["share"] == 0.25
    slow.go.set()
    assert job.done.wait(10)
