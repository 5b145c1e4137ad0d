import errno
import os
import threading
import time
from pathlib import Path

import pytest

from playground import patience, runs, status_file
from playground.control import Control, StopRequestedError
from playground.files import read_json
from playground.patience import Patience
from playground.status_file import StatusFile


@pytest.fixture
def disk(tmp_path, monkeypatch, kept_signals):
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.01)
    status, waited = StatusFile(tmp_path), []
    status.begin()
    status.update(state="running")
    return Patience(tmp_path, status, Control(tmp_path), lambda *what: waited.append(what)), waited


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
    ((why, seconds),) = waited
    assert why == "disk_full"
    assert seconds >= 0.03
    assert insist(lambda: act(tmp_path)) == "done"
    assert len(waited) == 1


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_can_not_be_written_is_waited_for(tmp_path, disk, monkeypatch, capsys, code):
    """No new file can be made in it: three times refused, then let in again."""
    patience_of_run, waited = disk
    refused, real = [3], Path.write_bytes

    def write(path, data):
        if path.name == ".probe" and refused[0]:
            refused[0] -= 1
            raise OSError(code, os.strerror(code), str(path))
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    act, seen = refuse(1, code)
    assert patience_of_run.insist(lambda: act(tmp_path)) == "done"
    assert seen == ["running", "paused"]
    assert [why for why, _ in waited] == ["kept_out"]
    assert f"Nothing can be written into {tmp_path}" in capsys.readouterr().out
    assert not (tmp_path / ".probe").exists()


def test_another_error_is_not_waited_for(tmp_path, disk):
    """A single file can't be written, but the folder can."""
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
