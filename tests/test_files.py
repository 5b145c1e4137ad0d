import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from playground.files import explain_os_error, read_json, read_json_lines, write_json_atomic


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, stop, seen = tmp_path / "status.json", threading.Event(), []
    write_json_atomic(path, {"n": 0, "pad": "x" * 5000})

    def read():
        while not stop.is_set():
            seen.append(read_json(path))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(300):
        write_json_atomic(path, {"n": n, "pad": "x" * 5000})
    stop.set()
    reader.join()
    assert None not in seen
    assert [s["n"] for s in seen] == sorted(s["n"] for s in seen)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json_atomic(path, {"kept": 1})

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_json_atomic(path, {"kept": 2})
    assert read_json(path) == {"kept": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00\x01"])
def test_a_garbled_json_file_reads_as_none(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    assert read_json(tmp_path / "a.json") is None
    assert read_json(tmp_path / "missing.json") is None


def test_json_lines_in_pieces_equal_all_at_once(tmp_path):
    path = tmp_path / "m.jsonl"
    text = b"".join(b'{"step": %d}\n' % n for n in range(50))
    collected, cursor = [], 0
    for end in [*range(0, len(text), 7), len(text)]:
        path.write_bytes(text[:end])
        records, cursor = read_json_lines(path, cursor)
        collected += records
    assert [r["step"] for r in collected] == list(range(50))
    assert cursor == len(text)


def test_a_cut_off_last_line_waits_and_a_garbled_one_is_passed_over(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"step": 1}\nnot json\n[3]\n{"step": 2}\n{"st')
    records, cursor = read_json_lines(path)
    assert [r["step"] for r in records] == [1, 2]
    path.write_bytes(path.read_bytes() + b'ep": 3}\n')
    assert read_json_lines(path, cursor)[0] == [{"step": 3}]


def test_a_file_begun_anew_is_read_from_its_start(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"step": 0}\n')
    assert read_json_lines(path, 10_000)[0] == [{"step": 0}]
    assert read_json_lines(tmp_path / "missing.jsonl", 5) == ([], 0)


@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "full"), (errno.EACCES, "permission"), (errno.EROFS, "permission")]
)
def test_os_errors_are_said_in_one_sentence(code, word):
    sentence = explain_os_error(OSError(code, os.strerror(code)), Path("/runs/a"))
    assert word in sentence
    assert "/runs/a" in sentence
    assert "\n" not in sentence


def test_the_sentence_of_a_full_disk_says_what_to_do_where_it_happened():
    full = OSError(errno.ENOSPC, "")
    assert explain_os_error(full, Path("/x")).endswith("free some space and try again.")
    assert explain_os_error(full, Path("/x"), "resume the run").endswith("and resume the run.")


def test_threads_that_write_the_same_file_do_not_take_each_others(tmp_path):
    path = tmp_path / "status.json"

    def write(number: int) -> None:
        for _ in range(200):
            write_json_atomic(path, {"number": number})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert read_json(path)["number"] in range(4)
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]
