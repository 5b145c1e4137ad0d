"""A public app, and a run of somebody's own in it; all tests of the threat model share them."""

from __future__ import annotations

import json
import shutil

import pytest

from playground import runs
from playground.files import write_json_atomic
from tests.app_process import DEMO, App, running
from tests.security import HOSTILE, OWN_WORDS, OWNER, TOKEN
from tests.small_runs import TEXT, make_run

SETTINGS = {
    "PLAYGROUND_PUBLIC": "1",
    "PLAYGROUND_UPLOAD_MEGABYTES": "1",
    "PLAYGROUND_TEXT_CHARACTERS": "200000",
    "PLAYGROUND_STEPS": "40",
    "HF_TOKEN": TOKEN,
}


@pytest.fixture(scope="package")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("security")
    app = App(folder / "runs", {**SETTINGS, "GRADIO_TEMP_DIR": str(folder / "uploads")})
    shutil.copytree(DEMO, app.runs / "demo")
    with running(app, may_stumble=True):
        yield app
    assert TOKEN not in app.log


@pytest.fixture(scope="package")
def own(app):
    """A finished run of OWNER's on a text of their own, with hostile words wherever a person can put some."""
    run = make_run(app.runs, "secret-run", text=f"{OWN_WORDS} {TEXT}", steps=40)
    write_json_atomic(run / runs.OWNER_FILE, {"owner": runs.owner_of_secret(OWNER)})
    shutil.copytree(app.runs / "demo" / "tokenizer", run / "tokenizer")
    shutil.copytree(app.runs / "demo" / "checkpoints", run / "checkpoints")
    (run / "tokens").mkdir()
    write_json_atomic(run / "status.json", {"state": "failed", "step": 20, "total_steps": 40, "created": 1.0,
                                            "reason": HOSTILE})  # fmt: skip
    write_json_atomic(run / runs.META_FILE, {"title": HOSTILE, "note": HOSTILE})
    (run / "metrics.jsonl").write_text('{"step": 1, "train_loss": 2.0}\n{"step": 20, "train_loss": 1.0}\n')
    sample = {"step": 20, "prompt": HOSTILE, "completion": HOSTILE, "settings": {}}
    (run / "samples.jsonl").write_text(json.dumps(sample) + "\n")
    return run
