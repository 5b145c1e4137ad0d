"""How often pages may ask, and when their list of runs is stale."""

import pytest

from playground import runs
from playground.files import write_json_atomic
from playground.ui.monitor import crowd
from playground.ui.monitor.crowd import LONGEST_SECONDS, MOST_A_SECOND, SHORTEST_SECONDS, Crowd, RunList


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [100.0]
    monkeypatch.setattr(crowd.time, "monotonic", lambda: now[0])
    return now


def pause_with(pages: int, clock: list[float], seconds: float = 40) -> tuple[float, float]:
    """Let so many pages ask, each as often as it is told; return the last pause and the answers a second."""
    asked, due, end = Crowd(), [clock[0] + page / pages for page in range(pages)], clock[0] + seconds
    late, pause = 0, 0.0
    while min(due) < end:
        page = due.index(min(due))
        clock[0] = due[page]
        pause = asked.pause_ms() / 1000
        due[page] += pause
        late += clock[0] > end - 10
    return pause, late / 10


@pytest.mark.parametrize("pages", [1, 10, 90])
def test_a_few_pages_ask_once_a_second(clock, pages):
    pause, rate = pause_with(pages, clock)
    assert pause == SHORTEST_SECONDS
    assert rate == pytest.approx(pages, rel=0.11)


def test_more_pages_share_out_the_time(clock):
    pause, rate = pause_with(MOST_A_SECOND * 3 // 2, clock)
    assert pause == pytest.approx(1.5, rel=0.1)
    assert rate == pytest.approx(MOST_A_SECOND, rel=0.1)


def test_no_page_waits_longer_than_it_takes_to_be_up_to_date(clock):
    assert pause_with(4 * MOST_A_SECOND, clock)[0] == LONGEST_SECONDS < 2


def test_when_they_have_gone_the_rest_is_served_at_once(clock):
    asked = Crowd()
    for _ in range(2000):
        clock[0] += 0.005
        asked.pause_ms()
    clock[0] += 10
    assert asked.pause_ms() == 1000 * SHORTEST_SECONDS


def test_the_word_changes_with_the_list_and_is_made_once_a_second(clock, tmp_path, monkeypatch):
    looks = []
    monkeypatch.setattr(crowd.runs, "advance", looks.append)
    listed = RunList()
    first = listed.word(tmp_path)
    run = runs.create(tmp_path, "a", "{}")
    assert listed.word(tmp_path) == first
    assert len(looks) == 1
    clock[0] += 1.5
    second = listed.word(tmp_path)
    assert second != first
    clock[0] += 1.5
    assert listed.word(tmp_path) == second
    write_json_atomic(run / "status.json", {"state": "stopped", "step": 3})
    clock[0] += 1.5
    assert listed.word(tmp_path) != second
    assert len(looks) == 4
