"""The real `datasets` library against a small Hub on this machine, in processes of their own."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from playground.config import DataConfig
from playground.corpora.hub import is_commit
from playground.corpora.hub_catalogue import HUB_PRESETS, with_preset
from tests.hub_server import HubServer

ROOT = Path(__file__).parent.parent
CARD = """---
configs:
- config_name: gsm8k
  data_files:
  - split: train
    path: gsm8k/train.jsonl
- config_name: other
  data_files: other.jsonl
---
"""

DRIVER = """
import dataclasses, json, sys
from playground.config import DataConfig
from playground.corpora import hub
from playground.corpora.hub import hub_corpus, hub_stream, look_at, pinned

def answer(what, settings):
    config = DataConfig(corpus="hub", **settings)
    if what == "pinned":
        return pinned(config).hub_revision
    if what == "look":
        return dataclasses.asdict(look_at(config, 2))
    if what == "first":
        return next(iter(hub_stream(config).documents))
    if what == "cancelled":
        def cancel(phase, done, total):
            if done:
                raise ValueError("cancelled")
        hub.REPORT_EVERY = 100
        return hub_corpus(config, cancel)
    if what == "smaller disk":
        hub.MAX_UNLIMITED_BYTES = 1000
    reports = []
    corpus = hub_corpus(config, lambda *report: reports.append(report))
    documents = list(corpus.documents)
    assert documents == list(corpus.documents)
    return {"documents": documents, "empty": corpus.empty_dropped, "reports": reports}

for line in sys.stdin:
    try:
        print(json.dumps(answer(*json.loads(line))), flush=True)
    except ValueError as error:
        print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
"""


def parquet(rows):
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer, row_group_size=100)
    return buffer.getvalue()


def json_lines(rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


POEMS = [{"id": i, "text": f"poem {i}: 你好\r\n\u2028end" if i % 10 else " \n"} for i in range(1000)]
KEPT = [poem["text"].replace("\r\n", "\n") for poem in POEMS if poem["text"].strip()]


class Client:
    """A process in which the library takes the small Hub for the real one."""

    def __init__(self, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, text=True, cwd=ROOT,
        )  # fmt: skip

    def ask(self, what, **settings):
        self.process.stdin.write(json.dumps([what, settings]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def hub():
    with HubServer() as hub:
        poems = {
            f"data/train-0000{i}-of-00002.parquet": parquet(POEMS[500 * i : 500 * i + 500]) for i in (0, 1)
        }
        hub.add_dataset(
            "me/poems", {**poems, "data/test-00000-of-00001.parquet": parquet([{"id": 0, "text": "t"}])}
        )
        sums = json_lines([{"question": "1+1?", "answer": "2"}, {"question": "2+2?", "answer": "4"}])
        files = {"README.md": CARD.encode(), "gsm8k/train.jsonl": sums, "other.jsonl": b'{"prompt": "x"}'}
        hub.add_dataset("nuprl/engineering-llm-systems", files)
        hub.add_dataset("me/gated", {"train.jsonl": b'{"text": "secret"}'}, gated=True)
        hub.add_dataset("me/blank", {"train.jsonl": b'{"text": " "}'})
        hub.add_dataset("me/broken", {"train.jsonl": b'{"text": '})
        hub.add_dataset("me/nodata", {"README.md": b"nothing"})
        code = {"tiny_shakespeare.py": b"raise SystemExit('run!')", "README.md": b"plays"}
        hub.add_dataset("karpathy/tiny_shakespeare", code)
        splits = {"train": "First Citizen:", "validation": "?", "test": "!"}
        converted = {
            f"default/{name}/0000.parquet": parquet([{"text": text}]) for name, text in splits.items()
        }
        hub.add_dataset("karpathy/tiny_shakespeare", converted, revision="refs/convert/parquet")
        hub.add_dataset("me/code", {"code.py": b"raise SystemExit('run!')"})
        yield hub


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def client(hub, home):
    client = Client({**hub.environment(home), "PLAYGROUND_CACHE": str(home / "prepared")})
    yield client
    client.end()


def test_all_documents_come_and_blank_ones_are_counted(client):
    answer = client.ask("corpus", hub="me/poems")
    assert answer["documents"] == KEPT
    assert answer["empty"] == 100


def test_nothing_is_fetched_twice_not_by_another_process_and_not_without_a_network(client, hub, home):
    first = client.ask("corpus", hub="me/poems", max_documents=7)
    before = len(hub.downloads())
    assert (
        client.ask("corpus", hub="me/poems", max_documents=7)["documents"] == first["documents"] == KEPT[:7]
    )
    assert len(hub.downloads()) == before
    offline = {
        **hub.environment(home),
        "PLAYGROUND_CACHE": str(home / "prepared"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    other = Client(offline)
    try:
        assert other.ask("corpus", hub="me/poems", max_documents=7)["documents"] == KEPT[:7]
        refused = other.ask("corpus", hub="me/poems", max_documents=8)
        assert refused.startswith(
            "HubError: The Hugging Face Hub can't be reached, and me/poems is not here yet"
        )
        assert "can't be reached" in other.ask("corpus", hub="me/other")
        assert "can't be reached" in other.ask("look", hub="me/poems")
    finally:
        other.end()


def test_a_limit_keeps_the_rest_from_being_fetched(client, hub):
    before = len(hub.downloads())
    answer = client.ask("corpus", hub="me/poems", max_bytes=1000)
    size = sum(len(document.encode()) for document in answer["documents"])
    assert answer["documents"] == KEPT[: len(answer["documents"])]
    assert size <= 1000 < size + len(KEPT[len(answer["documents"])].encode())
    assert not any("train-00001" in path for path in hub.downloads()[before:])


def test_several_splits_in_the_order_they_are_named(client):
    answer = client.ask("corpus", hub="me/poems", hub_split="test+train", max_documents=2)
    assert answer["documents"] == ["t", KEPT[0]]


def test_a_template_over_a_configuration(client):
    settings = {"hub": "nuprl/engineering-llm-systems", "hub_config": "gsm8k"}
    answer = client.ask("corpus", **settings, template=HUB_PRESETS[settings["hub"]].template)
    assert answer["documents"] == ["Question: 1+1?\nAnswer: 2", "Question: 2+2?\nAnswer: 4"]
    assert client.ask("corpus", **settings, text_column="answer")["documents"] == ["2", "4"]


def test_code_is_never_run_and_the_conversion_of_the_hub_is_read(client):
    settings = {"hub": "karpathy/tiny_shakespeare", "hub_split": "train+validation+test"}
    assert client.ask("corpus", **settings)["documents"] == ["First Citizen:", "?", "!"]
    assert "no such revision, or the Hub has not converted it" in client.ask("corpus", hub="me/code")
    assert client.ask("look", **settings)["configs"] == ["default"]
    assert "no configuration 'x': it has default." in client.ask("look", **settings, hub_config="x")


def test_a_commit_is_kept_when_the_dataset_changes(client, hub):
    hub.add_dataset("me/changing", {"train.jsonl": b'{"text": "old"}'})
    old = client.ask("pinned", hub="me/changing")
    assert is_commit(old)
    assert client.ask("corpus", hub="me/changing")["documents"] == ["old"]
    hub.add_dataset("me/changing", {"train.jsonl": b'{"text": "new"}'})
    assert client.ask("pinned", hub="me/changing") != old
    assert client.ask("corpus", hub="me/changing")["documents"] == ["new"]
    assert client.ask("corpus", hub="me/changing", hub_revision=old)["documents"] == ["old"]


def test_what_a_dataset_offers_to_choose_from(client):
    look = client.ask("look", hub="nuprl/engineering-llm-systems", hub_config="gsm8k")
    assert look == {
        "configs": ["gsm8k", "other"], "config": "gsm8k", "splits": ["train"],
        "columns": ["question", "answer"],
        "records": [{"question": "1+1?", "answer": "2"}, {"question": "2+2?", "answer": "4"}],
    }  # fmt: skip
    poems = client.ask("look", hub="me/poems")
    assert (poems["splits"], poems["columns"], len(poems["records"])) == (
        ["train", "test"],
        ["id", "text"],
        2,
    )


def test_a_fetch_that_is_cancelled_or_too_large_leaves_nothing(client, home):
    kept = set((home / "prepared").iterdir())
    assert client.ask("cancelled", hub="me/poems", max_documents=500) == "ValueError: cancelled"
    refused = client.ask("smaller disk", hub="me/poems", hub_split="train+test")
    assert refused == "HubError: me/poems has more than 2 GiB of text: set max_documents or max_bytes."
    assert set((home / "prepared").iterdir()) == kept
    assert len(client.ask("corpus", hub="me/poems", max_documents=500)["documents"]) == 500


def test_a_look_at_the_beginning_fetches_nothing_more_and_keeps_nothing(client, hub, home):
    before, kept = len(hub.downloads()), set((home / "prepared").iterdir())
    assert client.ask("first", hub="me/poems", hub_split="test+train") == "t"
    assert not any("train-00001" in path for path in hub.downloads()[before:])
    assert set((home / "prepared").iterdir()) == kept


def test_a_run_on_a_dataset_of_the_catalogue_from_the_command_line(hub, home, tmp_path):
    command = [sys.executable, "-m", "playground", "prepare", "--tokenizer", "byte"]
    environment = {**hub.environment(home), "PLAYGROUND_CACHE": str(home / "prepared")}
    subprocess.run(
        [*command, "--hub", "nuprl/engineering-llm-systems", "--run", str(tmp_path / "run")],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    data = json.loads((tmp_path / "run" / "config.json").read_text())["data"]
    assert (data["corpus"], data["hub_config"]) == ("hub", "gsm8k")
    assert data["template"] == "Question: {question}\nAnswer: {answer}"
    assert is_commit(data["hub_revision"])
    assert (tmp_path / "run" / "tokens" / "train.npy").is_file()


@pytest.mark.parametrize(("settings", "message"), [
    ({"hub": "me/none"}, "There is no dataset named 'me/none' on the Hugging Face Hub, or it is private."),
    ({"hub": "json"}, "There is no dataset named 'json' on the Hugging Face Hub, or it is private."),
    ({"hub": "me/gated"}, "The dataset me/gated is gated: accept its terms on the Hub, and log in with"),
    ({"hub": "me/poems", "hub_split": "dev"}, "me/poems has no split 'dev': it has train, test."),
    ({"hub": "me/poems", "hub_config": "x"}, "me/poems has no configuration 'x': it has default."),
    ({"hub": "me/poems", "text_column": "x"}, "me/poems has no column 'x': its columns are id, text."),
    ({"hub": "me/poems", "template": "{x}"}, "me/poems has no column 'x': its columns are id, text."),
    ({"hub": "me/poems", "hub_revision": "none"}, "The dataset me/poems has no such revision"),
    ({"hub": "nuprl/engineering-llm-systems"},
     "has several configurations, so name one (hub_config): gsm8k, other."),
    ({"hub": "nuprl/engineering-llm-systems", "hub_config": "gsm8k"},
     "several columns, so name the one that is text: question, answer."),
    ({"hub": "me/blank"}, "me/blank is empty: there is no text in split train."),
    ({"hub": "me/broken"}, "The dataset me/broken can't be read: "),
    ({"hub": "me/nodata"}, "The dataset me/nodata can't be read: "),
])  # fmt: skip
def test_what_can_not_be_had_is_said_in_one_sentence(client, settings, message):
    answer = client.ask("corpus", **settings)
    assert isinstance(answer, str)
    assert message in answer
    assert "\n" not in answer
    assert answer.endswith(".")


@pytest.mark.parametrize("preset", HUB_PRESETS.values(), ids=list(HUB_PRESETS))
def test_a_dataset_of_the_catalogue_says_what_to_look_for(preset):
    assert "bigram line" in preset.summary
    assert "look" in preset.summary
    assert preset.prompts
    config = with_preset(DataConfig(corpus="hub", hub=preset.hub))
    assert (config.hub_config, config.template) == (preset.hub_config, preset.template)


def test_what_the_person_names_outweighs_the_catalogue():
    hub = "nuprl/engineering-llm-systems"
    config = with_preset(
        DataConfig(corpus="hub", hub=hub, hub_config="x", text_column="answer", max_documents=3)
    )
    assert (config.hub_config, config.text_column, config.template, config.max_documents) == (
        "x",
        "answer",
        "",
        3,
    )
    assert with_preset(DataConfig(corpus="hub", hub="me/poems")) == DataConfig(corpus="hub", hub="me/poems")
