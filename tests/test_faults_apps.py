"""Two apps on one folder of runs, fifty presses of Launch, a machine that is restarted, a taken port."""

from __future__ import annotations

import copy
import dataclasses
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from playground import runs
from playground.files import read_json, write_json_atomic
from playground.ui.data_form import default_data
from playground.ui.settings.component import settings_value
from tests.app_process import ROOT, App, end_all
from tests.hand_made import Stranger
from tests.small_runs import TEXT, end, wait_for
from tests.test_train_form import form

MOST_RUNS = 6
LIMITS = {"PLAYGROUND_TOTAL_RUNS": str(MOST_RUNS)}
USUAL_PORT = 7860


class AnywhereApp(App):
    """An app that is told no port, while another program has the usual one."""

    def __init__(self, runs_folder: Path) -> None:
        super().__init__(runs_folder, {**LIMITS, "GRADIO_SERVER_PORT": None, "PYTHONUNBUFFERED": "1"})
        self.log_path = runs_folder.parent / "anywhere.log"

    def start(self) -> None:
        with socket.socket() as holder:
            if holder.connect_ex(("127.0.0.1", USUAL_PORT)):  # nobody has it
                taken = socket.create_server(("127.0.0.1", USUAL_PORT))
            else:
                taken = holder
            with taken:
                super().start()

    def answers(self) -> bool:
        found = re.search(r"Running on local URL: +(\S+:(\d+))", self.log)
        if not found:
            return False
        self.url, self.port = f"{found[1]}/", int(found[2])
        return super().answers()


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    root = tmp_path_factory.mktemp("two") / "runs"
    both = App(root, LIMITS), AnywhereApp(root)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda app: app.start(), both))
    yield both
    for app in both:
        app.stop()
    end_all(root)
    assert "Traceback" not in both[0].log + both[1].log


@pytest.fixture
def asks(apps):
    """Somebody at each of the two apps; afterwards there is no run left."""
    root = apps[0].runs
    yield [Stranger(app.url) for app in apps]
    end_all(root)
    for run in runs.list_runs(root):
        runs.delete_run(run)


ENDLESS = {"train.steps": 1_000_000, "train.checkpoint_every": 10, "train.compile": "off", "train.threads": 1}


def launch(asks: Stranger) -> str:
    """Press Launch for a tiny model without an end; return what is said."""
    text = dataclasses.replace(default_data("char"), corpus="text", own_text=TEXT)
    made = form("tiny", ENDLESS, data=text)
    values = [*dataclasses.astuple(made.data), made.preset, "", settings_value(made.preset, made.changes)]
    done = asks.queue(asks.event("launch", "click")["id"], values)[-1]
    assert done["msg"] == "process_completed", done
    return re.sub("<[^>]*>", "", str(done["output"]["data"][0]))


def has_begun(status: dict[str, Any]) -> bool:
    """Tell whether a process works on a run of this status."""
    return runs.is_under_way(status) and bool(status.get("pid"))


def workers(root: Path) -> list[int]:
    """Return the processes that train runs of a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended in the meantime
        if "train" in words and any(word.startswith(str(root)) for word in words):
            found.append(int(path.parent.name))
    return found


def test_both_see_launch_and_stop_and_the_slot_is_shared(apps, asks):
    root, (here, there) = apps[0].runs, asks
    first = re.search(r"Started as (\S+)\.", launch(here))[1]
    second = re.search(r"(\S+) waits in the queue, at place 1", launch(there))[1]
    for asker in asks:
        assert asker.server("run-book", "book", {}).json["names"] == [second, first]
        answers = asker.server("monitor", "poll", {"runs": [{"run": first}, {"run": second}]}).json["runs"]
        assert [answer["status"]["state"] for answer in answers][1] == "queued"
    (ending,) = workers(root)
    assert ending == runs.status(root / first)["pid"]
    there.press("stop", "click", [first])
    wait_for(root / second, lambda status: has_begun(status) and ending not in workers(root))
    assert runs.status(root / first)["state"] == "stopped"
    assert workers(root) == [runs.status(root / second)["pid"]]


def test_what_is_set_in_one_is_not_lost_to_the_other(apps, asks):
    (run,) = [runs.create(apps[0].runs, "shared", form("tiny").config().to_json())]
    changes = [("title", f"title {n}") for n in range(10)] + [("note", f"note {n}") for n in range(10)]

    def change(number: int) -> None:
        name, value = changes[number]
        asker = copy.copy(asks[number % 2])
        assert (
            "error"
            not in asker.server("run-book", "act", {"action": "change", "run": run.name, name: value}).json
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(20)))
    meta = runs.read_meta(run)
    assert meta.title.startswith("title ")
    assert meta.note.startswith("note ")


def test_fifty_presses_of_launch_are_one_process_and_a_queue_within_the_limits(apps, asks):
    """From both apps, each press from a page of its own: more than one person can do."""
    root = apps[0].runs

    def press(number: int) -> str:
        asker = copy.copy(asks[number % 2])
        asker.session = f"press{number}"
        return launch(asker)

    most = []
    with ThreadPoolExecutor(16) as pool:
        for said in pool.map(press, range(50)):
            most.append(len(workers(root)))
            assert re.match(r"Started as|\S+ waits in the queue|.*at most 6 here", said), said
    found = runs.list_runs(root)
    assert len(found) == MOST_RUNS, "the limit holds, whoever asks at the same time"
    assert max(most) <= 1
    assert sum(runs.is_under_way(runs.status(run)) for run in found) == 1
    assert sorted(map(runs.place, found)) == list(range(MOST_RUNS))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="workers are looked for in /proc")
def test_a_machine_that_is_restarted_loses_nothing(apps, asks):
    """Both apps and the worker are killed: one run waits, one can be resumed from its checkpoint."""
    root = apps[0].runs
    launch(asks[0])
    launch(asks[1])
    second, first = runs.list_runs(root)
    status = wait_for(first, lambda status: status.get("latest"))
    for app in apps:
        app.kill()
    end(status["pid"])
    write_json_atomic(first / "status.json", {**read_json(first / "status.json"), "boot": "an earlier one"})
    assert runs.status(second)["state"] == "queued"
    apps[1].start()
    asker = Stranger(apps[1].url)
    wait_for(second, has_begun)  # by itself
    (seen,) = asker.server("monitor", "poll", {"runs": [{"run": first.name}]}).json["runs"]
    assert seen["status"]["state"] == "failed"
    assert "The machine was restarted" in seen["status"]["reason"]
    assert seen["train"]["step"][-1] >= runs.checkpoints(first)[-1] > 0
    resume = asker.press("pause", "click", [first.name])
    assert "waits in the queue, at place 1" in resume.body


@pytest.mark.parametrize(
    ("port", "status", "said"),
    [
        ("taken", 1, "Port {} is taken by another program"),
        ("http", 2, "must be a port"),
        ("70000", 2, "must be"),
    ],
)
def test_a_port_that_can_not_be_had_is_said_in_a_sentence(tmp_path, port, status, said):
    with socket.create_server(("127.0.0.1", 0)) as other:
        named = str(other.getsockname()[1]) if port == "taken" else port
        env = {**os.environ, "GRADIO_SERVER_PORT": named, "PLAYGROUND_RUNS": str(tmp_path)}
        ended = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert ended.returncode == status
    assert said.format(named) in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_without_a_port_the_next_free_one_is_taken(apps):
    assert apps[1].port > USUAL_PORT
