import dataclasses
import json
import os
import time

import pytest

from playground.cli.app_flags import follow_flags
from playground.config import RunConfig
from playground.corpora.hub_catalogue import HUB_PRESETS
from playground.limits import PUBLIC, LimitError, Limits, limits, variable
from playground.presets import PRESETS
from playground.ui import messages
from playground.ui.data_form import default_data
from playground.ui.limits_view import limits_html
from playground.ui.settings.component import look as look_at_settings
from playground.ui.settings.component import settings_value
from playground.ui.text_watch import look
from playground.ui.train_form import Form

NAMES = [field.name for field in dataclasses.fields(Limits)]
ALWAYS = ("slots", "upload_megabytes", "prompt_characters")
LIMITED = [n for n in NAMES if n not in ("public", "hub", *ALWAYS)]


@pytest.fixture
def environment(monkeypatch):
    """Leave no limit in the environment, and put it back as it was afterwards."""
    for name in [*map(variable, NAMES), "SPACE_ID"]:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


def test_on_ones_own_machine_everything_is_allowed(environment):
    assert limits() == Limits()
    assert not limits().hold
    for name in LIMITED:
        limits().check(name, 1e300)
    limits().check_hub("any/thing")
    assert limits_html(limits()) == ""


def test_a_prompt_has_a_limit_everywhere_which_can_be_lifted(environment):
    with pytest.raises(LimitError, match=r"is 10,000,000, .* PLAYGROUND_PROMPT_CHARACTERS changes that"):
        limits().check("prompt_characters", 10**7)
    environment.setenv("PLAYGROUND_PROMPT_CHARACTERS", "0")
    limits().check("prompt_characters", 10**7)
    assert not limits().hold


def test_a_space_is_public_unless_it_says_otherwise(environment):
    environment.setenv("SPACE_ID", "someone/playground")
    assert limits() == PUBLIC
    environment.setenv("PLAYGROUND_PUBLIC", "0")
    assert limits() == Limits()
    environment.delenv("SPACE_ID")
    environment.setenv("PLAYGROUND_PUBLIC", "1")
    assert limits() == PUBLIC


@pytest.mark.parametrize("name", LIMITED)
def test_every_limit_is_one_variable_and_bites(environment, name):
    environment.setenv(variable(name), "7")
    bounds = limits()
    assert dataclasses.asdict(bounds) == {**dataclasses.asdict(Limits()), name: 7}
    assert bounds.hold
    bounds.check(name, 7)
    for over in (8, float("nan"), float("inf")):
        with pytest.raises(LimitError, match="at most 7 here"):
            bounds.check(name, over)


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", "-1"), ("steps", "1.5"), ("steps", "x"), ("slots", "0"), ("public", "maybe")],
)
def test_a_value_that_can_not_be_is_named(environment, name, value):
    environment.setenv(variable(name), value)
    with pytest.raises(LimitError, match=variable(name)):
        limits()


def test_flags_go_over_the_environment_and_on_to_the_workers(environment):
    environment.setenv("PLAYGROUND_STEPS", "9")
    follow_flags(["--public", "--slots", "2", "--hub", "a/b"])
    assert limits() == dataclasses.replace(PUBLIC, steps=9, slots=2, hub="a/b")
    assert os.environ["PLAYGROUND_SLOTS"] == "2"
    follow_flags(["--no-public"])
    assert not limits().public


@pytest.mark.parametrize("flags", [["--steps", "x"], ["--steps", "-1"], ["--nonsense"]])
def test_a_wrong_flag_is_one_sentence(environment, capsys, flags):
    with pytest.raises(SystemExit) as end:
        follow_flags(flags)
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n"), said.startswith("app.py: ")) == (2, 1, True)


def test_the_list_of_the_hub():
    listed = Limits(hub="a/b, c/d")
    listed.check_hub("a/b")
    listed.check_hub("a/b@0123abc")
    for other in ("a/x", "a", "", "/etc", "../a/b", "x@a/b"):
        with pytest.raises(LimitError, match=r"a/b, c/d"):
            listed.check_hub(other)
    for name in HUB_PRESETS:
        PUBLIC.check_hub(name)


def test_the_page_says_each_limit_and_how_to_get_around_it(environment):
    shown = limits_html(PUBLIC)
    for name in NAMES[1:]:
        assert variable(name) in shown
    assert "huggingface.co" not in shown
    with pytest.raises(LimitError, match="On your own machine"):
        PUBLIC.check("steps", 10**9)
    environment.setenv("SPACE_ID", "some<one/playground")
    with pytest.raises(LimitError) as refused:
        PUBLIC.check("steps", 10**9)
    said = messages.error(str(refused.value))
    link = 'href="https://huggingface.co/spaces/some&lt;one/playground?duplicate=true"'
    assert link in said
    assert link in limits_html(PUBLIC)


def test_the_way_a_page_begins_is_allowed():
    from playground.admission import check_config

    check_config(RunConfig(), PUBLIC)
    check_config(PRESETS["tiny"].config, PUBLIC)


def test_a_limit_is_said_at_its_setting_and_before_the_launch(environment):
    environment.setenv("PLAYGROUND_STEPS", "9")
    data = dataclasses.replace(default_data(), corpus="text", own_text="abab" * 200, tokenizer="char")
    form = Form(data, "tiny", changes={"train.steps": 10})
    shown = look_at_settings(settings_value("tiny", {"train.steps": 10}))
    assert "at most 9 here" in json.loads(shown)["errors"]["train.steps"]
    deadline = time.monotonic() + 60
    while "at most 9 here" not in look(form, "somebody").preview:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    data = dataclasses.replace(data, own_text="a" * 11)
    environment.setenv("PLAYGROUND_TEXT_CHARACTERS", "10")
    assert "at most 10 here" in look(Form(data, "tiny"), "somebody").status
