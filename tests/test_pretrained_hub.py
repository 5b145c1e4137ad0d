"""The real huggingface_hub and transformers against a small Hub on this machine: models by their names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_server import HubServer
from tests.tiny_models import tiny_model

ROOT = Path(__file__).parent.parent

DRIVER = """
import json, sys
import torch
from huggingface_hub import constants
constants.DOWNLOAD_CHUNK_SIZE = 10_000
from playground.pretrained import PretrainedError, facts_of, load_pretrained, open_model

for line in sys.stdin:
    what, name, *revision = json.loads(line)
    reports = []
    report = lambda *told: reports.append(told)
    try:
        if what == "facts":
            facts = facts_of(name, *revision)
            answer = [facts.sentence, facts.source.commit]
        elif what == "load":
            model, tokenizer = load_pretrained(name, *revision, report=report)
            answer = [model(torch.tensor([[1, 2, 3]])).logits.sum().item(), tokenizer.pad_token, reports]
        else:
            opened = open_model(name, *revision, report=report)
            with torch.no_grad():
                answer = [opened.model(torch.tensor([[1, 2, 3]])).sum().item(), reports]
    except PretrainedError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


def asked(environment, *questions):
    """Return what a process of its own answers."""
    lines = "\n".join(json.dumps(question) for question in questions)
    run = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=lines, capture_output=True, text=True, env=environment, cwd=ROOT, check=True, encoding="utf-8",
    )  # fmt: skip
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qwen")
    tiny_model(folder, "qwen3", std=0.2)
    return folder


def test_a_model_comes_by_its_name_goes_on_after_a_cut_and_is_there_without_a_network(made, tmp_path):
    folder = made
    size = (folder / "model.safetensors").stat().st_size
    (folder / "modeling_own.py").write_text("raise SystemExit")
    with HubServer() as hub:
        hub.add_model("me/qwen", folder)
        hub.add_model("me/gated", folder, gated=True)
        hub.add_model("me/pickle", {"config.json": b"{}", "pytorch_model.bin": b"no"})
        hub.cuts["model.safetensors"] = size // 3
        environment = hub.environment(tmp_path)
        facts, opened, gated, unknown, pickle, revision = asked(
            environment, ["facts", "me/qwen"], ["open", "me/qwen"], ["open", "me/gated"],
            ["open", "me/none"], ["open", "me/pickle"], ["open", "me/qwen", "v9"],
        )  # fmt: skip
        read = hub.downloads()
        ranges = hub.ranges["model.safetensors"]
    assert facts[0].startswith("me/qwen: qwen3, 0.0M parameters, ")
    assert len(facts[1]) == 40
    total, reports = opened
    assert reports[-2][1:] == [reports[-2][2]] * 2, "the bytes that are here end as all that there are"
    assert [told[1] for told in reports[:-1]] == sorted(told[1] for told in reports[:-1])
    assert ranges[-1] == (size // 3 // 10_000 * 10_000, size - 1), "it did not go on where it was cut"
    assert not any("modeling_own" in path for path in read)
    assert gated.startswith("The model me/gated is gated: ")
    assert unknown == "There is no model named 'me/none' on the Hugging Face Hub, and no such folder here."
    assert "a pickle" in pickle
    assert "no such revision" in revision
    again, elsewhere, loaded = asked(
        environment, ["open", "me/qwen"], ["facts", "me/other"], ["load", "me/qwen"]
    )  # the server is gone
    assert again[0] == total, again
    assert elsewhere.startswith("The Hugging Face Hub can't be reached, and me/other is not in its cache")
    assert loaded[0] == pytest.approx(total, rel=1e-4)
    assert loaded[1] == "<|end|>"
