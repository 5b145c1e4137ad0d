import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from playground import runs
from playground.evaluation import read_evaluations
from tests.hub_server import HubServer
from tests.kept_runs import char_run
from tests.test_evaluation import records


@pytest.fixture
def kept(tmp_path):
    root = tmp_path / "runs"
    return [char_run(root, "before", n_ctx=128), char_run(root, "after", seed=1, n_ctx=128)]


def test_answers_of_two_runs_side_by_side(command, kept, tmp_path):
    status, out, _ = command(
        "evaluate",
        "--run",
        "before",
        "after@0",
        "--questions",
        records(tmp_path),
        "--max-tokens",
        "5",
        "--show",
        "1",
    )
    assert status == 0
    assert "before@0, question 1: expected 0, given no number after the mark" in out
    assert "before@0  after@0" in out
    assert "accuracy" in out
    assert [line["data"] for run in kept for line in read_evaluations(run)] == ["questions.jsonl"] * 2


def test_the_loss_of_a_text(command, kept, tmp_path):
    (tmp_path / "a.txt").write_text("to be or not to be " * 20)
    status, out, _ = command("evaluate", "--run", str(kept[0]), "--text", str(tmp_path / "a.txt"), "--json")
    *_, before, record = map(json.loads, out.splitlines())
    assert (before["done"], before["total"]) == (380, 380)
    assert (status, record["tokens"], record["bytes"], record["stride"]) == (0, 380, 380, 64)
    assert record["perplexity"] > 1
    (line,) = read_evaluations(kept[0])
    assert line["bits_per_byte"] == record["bits_per_byte"]


@pytest.mark.parametrize(("flags", "words"), [
    ([], "Say what to evaluate"),
    (["--text", "a.txt", "--corpus", "toy-stories"], "two evaluations"),
    (["--questions", "/nowhere.jsonl"], "no file '/nowhere.jsonl'"),
    (["--text", "/nowhere.txt"], "/nowhere.txt"),
    (["--corpus", "toy-stories", "--step", "9"], "no checkpoint of step 9"),
])  # fmt: skip
def test_what_cant_be_evaluated_is_said(command, kept, flags, words):
    status, _, err = command("evaluate", "--run", "before", *flags)
    assert status == 2
    assert words in err
    assert command("evaluate", "--run", "nobody", "--corpus", "toy-stories")[0] == 2


def test_lm_evals_tasks(command, kept, tmp_path, monkeypatch):
    pytest.importorskip("lm_eval")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    (tmp_path / "q.jsonl").write_text('{"q": "a", "a": "b", "n": 0}\n{"q": "c", "a": "d", "n": 1}\n')
    shared = (
        f"dataset_path: json\ndataset_kwargs:\n  data_files: {{test: {tmp_path}/q.jsonl}}\ntest_split: test\n"
    )
    (tasks / "choose.yaml").write_text(
        shared + "task: choose\noutput_type: multiple_choice\ndoc_to_text: '{{q}}'\n"
        "doc_to_choice: [' b', ' d']\ndoc_to_target: n\nmetric_list: [{metric: acc}]\n"
    )
    (tasks / "write.yaml").write_text(
        shared + "task: write\noutput_type: generate_until\ndoc_to_text: '{{q}}'\ndoc_to_target: '{{a}}'\n"
        "generation_kwargs: {until: ['x'], max_gen_toks: 4}\nmetric_list: [{metric: exact_match}]\n"
    )
    flags = ["--tasks", "choose", "write", "--tasks-from", str(tasks), "--json"]
    status, out, err = command("evaluate", "--run", "before", *flags)
    assert status == 0, err
    record = json.loads(out.splitlines()[-1])
    assert record["choose acc"] in (0.0, 0.5, 1.0)
    assert record["write exact_match"] == 0.0
    from lm_eval.tasks import TaskManager

    few = functools.partial(TaskManager, include_defaults=False)  # all of them take seconds to list
    monkeypatch.setattr("lm_eval.tasks.TaskManager", few)
    status, _, err = command("evaluate", "--run", "before", "--tasks", "nothing_like_it")
    assert status == 2
    assert "no task 'nothing_like_it'" in err


def test_without_lm_eval_a_sentence_says_how_to_get_it(command, kept, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    status, _, err = command("evaluate", "--run", "before", "--tasks", "arc_easy")
    assert status == 2
    assert "pip install lm-eval" in err


def test_questions_of_a_dataset_of_the_hub(tmp_path):
    char_run(tmp_path / "runs", "kept", n_ctx=128)
    data = Path(records(tmp_path)).read_bytes()
    with HubServer() as hub:
        hub.add_dataset("me/sums", {"test.jsonl": data})
        environment = {**hub.environment(tmp_path), "PLAYGROUND_RUNS": str(tmp_path / "runs")}
        environment["PLAYGROUND_CACHE"] = str(tmp_path / "cache")
        flags = ["--run", "kept", "--hub", "me/sums", "--max-tokens", "5", "--max-questions", "3", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "playground", "evaluate", *flags],
            env=environment, cwd=runs.PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert (record["questions"], record["data"]) == (3, "me/sums (test)")
