import errno
import io

import pytest

from playground import records, runs
from playground.records import Records, append_lines


def test_lines_are_appended_and_cut_after_a_step(tmp_path):
    out = Records(tmp_path)
    for step in range(6):
        out.append("metrics", {"step": step})
        out.append("samples", {"step": step}, {"step": step})
    out.event("paused", 3, 1.5, note="x")
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 6, "tr')
    out.sync()
    assert [r["step"] for r in out.cut_after(3)] == [0, 1, 2, 3]
    assert len(runs.read_samples(tmp_path)[0]) == 8
    event = runs.read_events(tmp_path)[0][0]
    assert (event["step"], event["event"], event["elapsed_s"], event["note"]) == (3, "paused", 1.5, "x")
    out.append("metrics", {"step": 4})
    assert [r["step"] for r in runs.read_metrics(tmp_path)[0]] == [0, 1, 2, 3, 4]


def test_going_on_from_step_0_writes_its_record_again(tmp_path):
    out = Records(tmp_path)
    out.append("metrics", {"step": 0}, {"step": 1})
    out.event("paused", 0, 0.0)
    assert out.cut_after(0) == []
    assert runs.read_metrics(tmp_path)[0] == []
    assert len(runs.read_events(tmp_path)[0]) == 1


def test_a_line_that_does_not_fit_leaves_nothing_behind(tmp_path, monkeypatch):
    """The disk takes a few bytes of a line, then no more."""

    class FullFile(io.FileIO):
        def write(self, data):
            if len(data) < 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data[: len(data) // 2])

    path = tmp_path / "metrics.jsonl"
    append_lines(path, {"step": 1})
    before = path.read_bytes()
    monkeypatch.setattr(records, "open", lambda p, *args, **kwargs: FullFile(p, "ab"), raising=False)
    with pytest.raises(OSError, match="No space"):
        append_lines(path, {"step": 2, "text": "x" * 100})
    assert path.read_bytes() == before
