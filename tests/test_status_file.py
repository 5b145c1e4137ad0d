import errno
import os

import pytest

from playground import status_file
from playground.files import read_json
from playground.processes import start_time
from playground.status_file import RESERVE_BYTES, StatusFile


def test_it_says_which_process_works_and_how_often_it_began(tmp_path):
    for generation in (1, 2):
        StatusFile(tmp_path).begin()
        values = read_json(tmp_path / "status.json")
        assert values["generation"] == generation
        assert (values["pid"], values["start_time"]) == (os.getpid(), start_time(os.getpid()))
    assert (tmp_path / ".reserve").stat().st_size == RESERVE_BYTES


def test_small_changes_wait_for_the_next_heartbeat(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(status_file.time, "monotonic", lambda: now[0])
    status = StatusFile(tmp_path)
    status.update(step=1)
    status.update(force=False, step=2)
    assert read_json(tmp_path / "status.json")["step"] == 1
    now[0] += 1
    status.update(force=False, step=3)
    assert read_json(tmp_path / "status.json")["step"] == 3


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_the_end_is_said_in_the_log_when_the_folder_can_not_be_written(tmp_path, monkeypatch, capsys, code):
    status = StatusFile(tmp_path)
    status.begin()

    def refuse(path, value):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(status_file, "write_json_atomic", refuse)
    status.end("failed", "The disk is full.")
    assert "The disk is full." in capsys.readouterr().out
    assert not (tmp_path / ".reserve").exists(), "the reserve is given up first"
