import threading

import pytest

from playground.locks import hold


def test_one_holder_at_a_time(tmp_path):
    inside, most = [0], [0]

    def enter():
        with hold(tmp_path / "folder" / "lock"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            threading.Event().wait(0.02)
            inside[0] -= 1

    threads = [threading.Thread(target=enter) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_whoever_waits_can_give_up(tmp_path):
    def give_up():
        raise TimeoutError

    with hold(tmp_path / "lock"), pytest.raises(TimeoutError), hold(tmp_path / "lock", give_up):
        pass
    with hold(tmp_path / "lock", give_up):
        pass
