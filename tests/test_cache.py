import os
import subprocess
import sys
import time

import pytest

from playground import cache


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    return tmp_path


def nothing():
    pass


def writer(text):
    return lambda folder: (folder / "made.txt").write_text(text)


def test_made_once(root):
    first = cache.folder_for("k", writer("one"), nothing)
    second = cache.folder_for("k", writer("two"), nothing)
    assert first == second == root / "k"
    assert (second / "made.txt").read_text() == "one"


def test_a_key_follows_every_value():
    assert cache.key_of({"a": 1, "b": None}) == cache.key_of({"b": None, "a": 1})
    assert cache.key_of({"a": 1}) != cache.key_of({"a": 2}) != cache.key_of({"a": "2"})


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_nothing(root, error):
    def fail(folder):
        (folder / "half.txt").write_text("half")
        raise error

    with pytest.raises(error):
        cache.folder_for("k", fail, nothing)
    assert [path.name for path in root.iterdir()] == ["locks"]
    assert (cache.folder_for("k", writer("whole"), nothing) / "made.txt").read_text() == "whole"


SLOW = """
import sys, time
from playground import cache
def make(folder):
    print("making", flush=True)
    time.sleep(float(sys.argv[1]))
    (folder / "made.txt").write_text("whole")
cache.folder_for("k", make, lambda: None)
print("done", flush=True)
"""


def slow_process(seconds):
    return subprocess.Popen([sys.executable, "-c", SLOW, str(seconds)], stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_make_it_once(root):
    workers = [slow_process(0.3) for _ in range(3)]
    said = "".join(worker.communicate(timeout=60)[0] for worker in workers)
    assert said.count("making") == 1
    assert said.count("done") == 3


def test_a_process_killed_in_the_middle_leaves_nothing_half_valid(root):
    worker = slow_process(60)
    assert worker.stdout.readline() == "making\n"
    assert not (root / "k").exists()
    waited = []

    def give_up():
        waited.append(1)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        cache.folder_for("k", writer("mine"), give_up)
    worker.kill()
    worker.communicate()
    assert waited
    assert (cache.folder_for("k", writer("mine"), nothing) / "made.txt").read_text() == "mine"
    assert sorted(path.name for path in root.iterdir()) == ["k", "locks"]


def test_what_was_not_used_for_longest_goes_first(root, monkeypatch):
    monkeypatch.setattr(cache, "MAX_CACHE_BYTES", 25)
    for age, key in enumerate(("new", "middle", "old")):
        folder = cache.folder_for(key, writer("x" * 10), nothing)
        os.utime(folder, (time.time() - 100 * (age + 1),) * 2)
    cache.folder_for("latest", writer("x" * 10), nothing)
    assert sorted(path.name for path in root.iterdir()) == ["latest", "locks", "new"]
