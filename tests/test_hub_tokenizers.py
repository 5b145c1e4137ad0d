"""The real `transformers` library against a small Hub on this machine: tokenizers by their names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from playground.tokenizers import build_tokenizer, load_tokenizer
from tests.hub_server import HubServer

ROOT = Path(__file__).parent.parent
TEXT = "Once upon a time 你好 👋 there was<|endoftext|> a cat."

FETCH = """
import json, sys
from pathlib import Path
from playground.tokenizers import TokenizerError, build_tokenizer
for name in sys.argv[2:]:
    try:
        tokenizer = build_tokenizer("hf:" + name, (), end_token=True)
        tokenizer.save(Path(sys.argv[1]) / name.replace("/", "-"))
        print(json.dumps([tokenizer.encode(sys.stdin.read()), tokenizer.end_id, tokenizer.d_vocab]))
    except TokenizerError as error:
        print(json.dumps(str(error)))
"""


def fetched(environment, folder, *names):
    """Return what a process of its own says of tokenizers by their names."""
    run = subprocess.run(
        [sys.executable, "-c", FETCH, str(folder), *names],
        input=TEXT, capture_output=True, text=True, env=environment, cwd=ROOT, check=True, encoding="utf-8",
    )  # fmt: skip
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tokenizer in the library's own format, as any on the Hub."""
    folder = tmp_path_factory.mktemp("made")
    tokenizer = build_tokenizer("bpe:300", ["Once upon a time there was a cat. " * 9], end_token=True)
    tokenizer.save(folder)
    (folder / "playground.json").unlink()
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder, tokenizer


def test_a_tokenizer_comes_by_its_name_and_is_there_without_a_network(made, tmp_path):
    folder, tokenizer = made
    with HubServer() as hub:
        hub.add_model("me/cutter", folder)
        hub.add_model("me/gated", folder, gated=True)
        hub.add_model("me/nothing", {"README.md": b"no tokenizer"})
        environment = hub.environment(tmp_path)
        answer, gated, unknown, nothing = fetched(
            environment, tmp_path, "me/cutter", "me/gated", "me/none", "me/nothing"
        )
    assert answer == [tokenizer.encode(TEXT), tokenizer.end_id, tokenizer.d_vocab]
    assert gated.startswith("The tokenizer me/gated is gated: ")
    assert unknown == "There is no model named 'me/none' on the Hugging Face Hub, and no such folder here."
    assert nothing.startswith("The tokenizer me/nothing can't be loaded: ")
    again, elsewhere = fetched(environment, tmp_path, "me/cutter", "me/other")  # the server is gone
    assert again == answer
    assert elsewhere.startswith("The Hugging Face Hub can't be reached, and me/other is not in the cache")
    assert load_tokenizer(tmp_path / "me-cutter").encode(TEXT) == answer[0]
