import errno
import os
import signal
import threading
import time

import pytest

from playground import full_disk, runs, status_file
from playground.control import Control, StopRequestedError
from playground.files import read_json
from playground.full_disk import FullDisk
from playground.status_file import StatusFile


@pytest.fixture
def disk(tmp_path, monkeypatch):
    monkeypatch.setattr(full_disk, "RETRY_SECONDS", 0.01)
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    status, waited = StatusFile(tmp_path), []
    status.begin()
    status.update(state="running")
    yield FullDisk(tmp_path, status, Control(tmp_path), waited.append), waited
    for name, handler in before.items():
        signal.signal(name, handler)


def refuse(times, code=errno.ENOSPC):
    """Return an action that fails some times, and the states that it saw."""
    left, seen = [times], []

    def act(path):
        seen.append(read_json(path / "status.json")["state"])
        if left[0]:
            left[0] -= 1
            raise OSError(code, os.strerror(code), str(path / "checkpoints" / "x"))
        return "done"

    return act, seen


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_it_pauses_says_why_and_goes_on(tmp_path, disk, code):
    insist, waited = disk[0].insist, disk[1]
    act, seen = refuse(3, code)
    assert insist(lambda: act(tmp_path)) == "done"
    assert seen == ["running", "paused", "paused", "paused"]
    status = read_json(tmp_path / "status.json")
    assert (status["state"], status["reason"]) == ("running", "")
    assert len(waited) == 1
    assert waited[0] >= 0.03
    assert insist(lambda: act(tmp_path)) == "done"
    assert len(waited) == 1


def test_another_error_is_not_waited_for(tmp_path, disk):
    act, _ = refuse(1, errno.EACCES)
    with pytest.raises(PermissionError):
        disk[0].insist(lambda: act(tmp_path))


def test_a_stop_is_obeyed_while_it_waits(tmp_path, disk):
    act, _ = refuse(10**9)
    threading.Timer(0.1, runs.stop, [tmp_path]).start()
    with pytest.raises(StopRequestedError):
        disk[0].insist(lambda: act(tmp_path))
    assert "full" in read_json(tmp_path / "status.json")["reason"]


def test_too_little_room_is_not_tried_again(tmp_path, disk):
    act, seen = refuse(1)
    threading.Timer(0.2, runs.stop, [tmp_path]).start()
    with pytest.raises(StopRequestedError):
        disk[0].insist(lambda: act(tmp_path), needed=1 << 62)
    assert seen == ["running"]


def test_a_status_that_does_not_fit_gives_up_the_reserve_and_is_written_later(tmp_path, monkeypatch):
    status, real = StatusFile(tmp_path), status_file.write_json_atomic
    status.begin()
    full = [True]

    def write(path, value):
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, value)

    monkeypatch.setattr(status_file, "write_json_atomic", write)
    status.update(step=5)
    assert not (tmp_path / ".reserve").exists()
    full[0] = False
    time.sleep(0.01)
    status.update(phase="x")
    assert read_json(tmp_path / "status.json")["step"] == 5
