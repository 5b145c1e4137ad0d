"""Values that the page would never send: every setting, every function of the page, every event."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import presets, runs
from playground.admission import check_config
from playground.config import ConfigError, RunConfig
from playground.config.run import PARTS
from playground.limits import PUBLIC
from tests.app_process import DEMO, ROOT, App, running
from tests.hand_made import Stranger

LIMITS = {"PLAYGROUND_PUBLIC": "1", "PLAYGROUND_STEPS": "1", "PLAYGROUND_HUB": ""}
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 10**400, 1e308, 2**63]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=20))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SECRET = "a secret of twenty characters or more"

VALUES: list[Any] = [
    None, True, 0, -1, 3.5, 10**400, "", "x", "../../etc", "\ud800", "\0", [], ["demo"], [[]], [None, 3], {},
    {"run": "demo"}, {"runs": ["demo"], "run": 3},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    '{"preset": "tiny", "changes": {"train.steps": "x"}}', '{"preset": 3, "changes": []}', "a" * 10_000,
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(part=st.sampled_from(sorted(PARTS)), data=st.data())
def test_any_value_of_any_setting_is_taken_or_refused_in_one_sentence(part, data):
    values = json.loads(RunConfig().to_json())
    name = data.draw(st.sampled_from(sorted(values[part])))
    values[part][name] = data.draw(SCALARS | st.lists(SCALARS, max_size=3))
    config = taken_or_refused(lambda: RunConfig.from_json(json.dumps(values)))
    if config is not None:
        assert RunConfig.from_json(config.to_json()).to_json() == config.to_json()
        taken_or_refused(lambda: check_config(config, PUBLIC))


def taken_or_refused(action: Callable[[], Any]) -> Any:
    """Return what an action returns, None where it refuses in one sentence; anything else is a fault."""
    try:
        return action()
    except ConfigError as error:
        said = str(error)
    assert said.strip()
    return None


@settings(max_examples=200, deadline=None)
@given(text=JSON.map(json.dumps) | st.text())
def test_any_text_is_a_config_or_refused(text):
    assert isinstance(taken_or_refused(lambda: RunConfig.from_json(text)), (RunConfig, type(None)))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("fuzz") / "runs", LIMITS)
    shutil.copytree(DEMO, app.runs / "demo")
    with running(app, may_stumble=True):
        yield app


def shows_no_traceback(body: str) -> None:
    assert "Traceback" not in body
    assert str(ROOT) not in body
    assert "site-packages" not in body


def requests_for(name: str) -> list[Any]:
    """Return what is sent to a function: noise, and near misses of what its script sends."""
    near = {
        "act": [
            {"action": action, "run": value, "runs": value, "tokens": value, "name": value, "base": value,
             "vary": value, "steps": value, "step": value, "until": value, "lr": value, "title": value}
            for action in ("change", "delete", "restore", "branch", "sweep", "experiment", "repeat", "first")
            for value in VALUES
        ],
        "poll": [{"runs": [{"run": "demo", "epoch": v, "metrics_byte": v, "samples": v, "samples_byte": v,
                            "n_lines": v, "notes": v}]} for v in VALUES],
        "look": [json.dumps({"preset": p, "changes": {"train.steps": v, "model.n_heads": v, "optim.lr": v}})
                 for p in ("tiny", "no", "") for v in VALUES[:12]],
    }  # fmt: skip
    names = ("step", "text", "texts", "prompt", "page", "query", "size", "steps", "name", "token")
    fixed = {"run": "demo", "kind": "char", "corpus": "toy-stories"}
    return [*VALUES, *near.get(name, [{**dict.fromkeys(names, value), **fixed} for value in VALUES])]


def test_every_function_of_the_page_answers_whatever_is_sent(app):
    asks = Stranger(app.url, SECRET)
    functions = asks.functions()
    assert len(functions) > 15
    for elem_id, name in functions:
        for value in requests_for(name):
            answer = asks.server(elem_id, name, value)
            shows_no_traceback(answer.body)
            assert answer.status < 500, (elem_id, name, str(value)[:200], answer.body[:300])
    whole(app)


def test_every_event_of_the_page_answers_whatever_is_sent(app):
    asks, chance = Stranger(app.url, SECRET), random.Random(0)
    events = [event for event in asks.config["dependencies"] if event["backend_fn"]]
    assert len(events) > 40
    for event in events:
        for _ in range(4):
            data = [chance.choice(VALUES) for _ in event["inputs"]]
            chosen = chance.choice([data, data[:-1], [*data, None], chance.choice(VALUES)])
            if event["queue"]:
                for message in asks.queue(event["id"], chosen if isinstance(chosen, list) else data):
                    shows_no_traceback(json.dumps(message))
            else:
                shows_no_traceback(asks.predict(event["id"], chosen, chance.choice(VALUES)).body)
    whole(app)


NO_REQUESTS = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000,
    b'{"fn_index": 10000, "data": [], "session_hash": "x"}',
    b'{"component_id": -1, "fn_name": "__init__", "data": 0, "session_hash": "x"}',
    b'{"component_id": 1, "fn_name": "postprocess", "data": 0, "session_hash": "x"}',
]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["component_server/", "run/predict", "queue/join", "upload", "cancel", "reset"]
)
def test_requests_that_are_none(app, path):
    asks = Stranger(app.url, SECRET)
    for body in NO_REQUESTS:
        answer = asks.ask("POST", f"/gradio_api/{path}", body, content_type="application/json")
        shows_no_traceback(answer.body)
    whole(app)


def whole(app: App) -> None:
    """Nothing half-made lies among the runs, and the page still answers, by itself and by its queue."""
    assert [run.name for run in runs.list_runs(app.runs)] == ["demo"]
    assert [p.name for p in app.runs.iterdir() if p.is_dir() and not p.name.startswith(".")] == ["demo"]
    asks = Stranger(app.url, SECRET)
    assert asks.server("run-book", "book", {}).json["names"] == ["demo"]
    done = asks.queue(asks.event("hub-look", "click")["id"], ["a/b", "", "train"])[-1]
    assert (done["msg"], done["success"]) == ("process_completed", True)
    assert "not on the list" in str(done["output"]["data"])


@pytest.mark.parametrize("name", sorted(presets.PRESETS))
def test_a_preset_is_allowed_or_its_limit_is_named(name):
    said = ""
    try:
        check_config(presets.PRESETS[name].config, PUBLIC)
    except ConfigError as error:
        said = str(error)
    assert said == "" or " here" in said
