"""The Data tab with a Hub that answers: a dataset and a tokenizer by their names, then the Tokenize tab."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from playground.tokenizers import build_tokenizer
from tests.app_process import App, running
from tests.hub_server import HubServer
from tests.test_data_tab import SLOW, open_data

POEMS = [{"author": f"poet {i}", "poem": f"rose {i} is red, violet {i} is blue\n" * 4} for i in range(60)]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    build_tokenizer("bpe:290", [row["poem"] for row in POEMS], end_token=True).save(folder / "cutter")
    (folder / "cutter" / "playground.json").unlink()
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
    (folder / "cutter" / "tokenizer_config.json").write_text(json.dumps(settings))
    with HubServer() as hub:
        lines = "".join(json.dumps(row) + "\n" for row in POEMS)
        hub.add_dataset("me/poems", {"train.jsonl": lines.encode()})
        hub.add_model("me/cutter", folder / "cutter")
        environment = {**hub.environment(folder), "HF_HUB_OFFLINE": "0"}
        with running(App(folder / "runs", environment)) as app:
            yield app


def test_a_dataset_is_cut_by_a_tokenizer_of_the_hub_and_offered_to_the_tokenize_tab(page, app):
    open_data(page, app)
    page.get_by_label("Hugging Face dataset").click()
    page.locator("#hub-id").locator("input, textarea").first.fill("me/poems")
    expect(page.locator("#data-status .pg-error")).to_contain_text("author, poem", timeout=SLOW)
    page.get_by_role("button", name="What does it offer?").click()
    expect(page.locator("#hub-message")).to_contain_text(
        "Splits: train. Columns: author, poem.", timeout=SLOW
    )
    page.locator("#data-column input").click()
    page.get_by_role("option", name="poem").click()
    expect(page.locator("#data-baselines [data-line=bigram]")).to_be_visible(timeout=SLOW)
    page.locator("#data-tokenizer input").click()
    page.get_by_role("option", name="Hugging Face tokenizer").click()
    page.locator("#data-hf-name").locator("input, textarea").first.fill("me/cutter")
    expect(page.locator("#data-sizes")).to_contain_text("290", timeout=SLOW)
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#data-document pre")).to_contain_text("is red, violet", timeout=SLOW)

    page.get_by_role("tab", name="Tokenize").click()
    page.locator("#tokenize-corpus").select_option("From the Data tab: me/poems")
    merge = page.locator("[data-pane=a] [data-part=merge]")
    expect(merge).to_contain_text("After merge 72 of 72", timeout=SLOW)
    page.locator("#tokenize-kind-a").select_option("hf")
    page.locator("[data-pane=a] [data-part=name]").fill("me/cutter")
    page.locator("[data-pane=a] [data-part=name]").blur()
    page.locator("details[data-part=baselines] summary").click()
    expect(page.locator("[data-part=levels] table")).to_contain_text("290 tokens", timeout=SLOW)
