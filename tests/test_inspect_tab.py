"""The Inspect tab: what its functions answer, and the tab in a real browser, served alone."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import re
import shutil
import time
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from playground import runs
from playground.checkpoint import save_checkpoint
from playground.config import DataConfig, ModelConfig, RunConfig
from playground.files import write_json_atomic
from playground.inspection import (
    attention_patterns,
    head_scores,
    logit_lens,
    read_padded,
    score_tokens,
    totals,
)
from playground.loading import load_run
from playground.models import build_model
from playground.ngrams import fit_ngrams
from playground.optim import build_optimizer
from playground.prepare import prepare
from playground.prepared import save_prepared
from playground.ui.inspect_tab import (
    INSPECT_CSS,
    build_inspect_tab,
    inspect_attention,
    inspect_batch,
    inspect_counted,
    inspect_example,
    inspect_lens,
    inspect_runs,
    inspect_scores,
)
from playground.ui.theme import CSS, THEME
from playground.ui.token_view import TOKEN_CSS
from tests.tiny_models import tiny_model

DEMO = Path(__file__).parent.parent / "checkpoints" / "demo"
TEXT = "the cat <img src=x onerror=1> sat on the mat & the dog. "
STEPS = (10, 20, 30)


def make_run(root: Path, name: str, *, created: float, keep_tokens: bool = True, **model) -> Path:
    """Make a finished run of random models that were never trained, with three checkpoints."""
    data = DataConfig(corpus="text", text_file="text.txt", tokenizer="char")
    shape = ModelConfig(n_ctx=16, d_model=16, n_heads=2, n_layers=2, init="gpt2", **model)
    run = runs.create(root, name, RunConfig(model=shape, data=data).to_json())
    (run / "text.txt").write_text(TEXT * 50)
    prepared = prepare(data, run)
    save_prepared(prepared, run)
    if not keep_tokens:
        shutil.rmtree(run / "tokens")
    config = RunConfig(model=dataclasses.replace(shape, d_vocab=prepared.tokenizer.d_vocab), data=data)
    (run / "config.json").write_text(config.to_json())
    for step in STEPS:
        torch.manual_seed(step)
        built = build_model(config.model)
        for p in built.parameters():
            torch.nn.init.normal_(p, 0, 0.3)
        save_checkpoint(built, build_optimizer(built, config.optim), step, runs.checkpoint_folder(run, step))
    write_json_atomic(run / "status.json", {"state": "finished", "created": created, "step": STEPS[-1]})
    return run


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("inspect")
    make_run(root, "bare", created=1, keep_tokens=False)
    make_run(root, "lstm", created=2, architecture="lstm")
    make_run(root, "small", created=3)
    shutil.copytree(DEMO, root / "demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_RUNS", str(root))
        yield root


def ask(function, **request):
    return json.loads(function(request))


def floats(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<f4")


def numbers(packed: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["packed"]), f"<u{packed['width']}")


def counted(**request):
    for _ in range(600):
        answer = ask(inspect_counted, **request)
        if "working" not in answer:
            return answer
        time.sleep(0.1)
    raise AssertionError("counting took more than a minute")


def test_scores_arrive_as_the_core_gives_them(root):
    loaded = load_run(root / "small", 20)
    tokens = loaded.tokenizer.encode(TEXT)
    answer, expected = (
        ask(inspect_scores, run="small", step=20, text=TEXT),
        score_tokens(loaded.model, tokens),
    )
    places, top = (np.array(answer["ids"])[numbers(packed)] for packed in answer["places"])
    assert places.tolist() == tokens
    assert top.tolist() == expected.top.ravel().tolist()
    np.testing.assert_array_equal(floats(answer["loss"]), expected.loss.numpy())
    np.testing.assert_array_equal(numbers(answer["rank"]), expected.rank.numpy())
    assert answer["totals"] == dataclasses.asdict(totals(expected.loss.numpy(), len(TEXT) - 1))
    assert f"read in {expected.n_windows} overlapping windows" in answer["notes"]
    assert answer["step"] == 20
    assert ask(inspect_scores, run="small", text=TEXT)["step"] == 30


def test_attention_and_lens_arrive_as_the_core_gives_them(root):
    loaded = load_run(root / "small", 30)
    tokens = loaded.tokenizer.encode(TEXT)[:16]
    answer, patterns = (
        ask(inspect_attention, run="small", text=TEXT),
        attention_patterns(loaded.model, tokens),
    )
    sent = np.frombuffer(base64.b64decode(answer["patterns"]), "<u2").reshape(2, 2, -1) / 65535
    rows, columns = np.tril_indices(16)
    np.testing.assert_allclose(sent, patterns.numpy()[..., rows, columns], atol=1 / 65535)
    assert [head["random"]["previous"] for head in answer["heads"]] == [
        h.previous for h in head_scores(loaded.model)
    ]
    assert answer["notes"] == f"Attention is shown between the first 16 of {len(TEXT)} tokens."
    answer, lens = ask(inspect_lens, run="small", text=TEXT), logit_lens(loaded.model, tokens)
    assert answer["n_stages"] == 3
    np.testing.assert_array_equal(floats(answer["entropy"]), lens.entropy.numpy().ravel())
    np.testing.assert_array_equal(floats(answer["right"]), lens.right.numpy().ravel())


def test_a_padded_batch_arrives_as_the_core_gives_it(root):
    loaded = load_run(root / "small", 30)
    tokens = loaded.tokenizer.encode(TEXT)[:16]
    answer = ask(inspect_batch, run="small", text=TEXT, second="the dog", side="right")
    second, masks = loaded.tokenizer.encode("the dog"), [row["mask"] for row in answer["rows"]]
    assert masks == [[1] * 16, [1] * 7 + [0] * 9]
    shown = [answer["ids"][place] for place in answer["rows"][1]["tokens"]]
    assert shown[:7] == second
    expected = read_padded(loaded.model, [tokens, second], shown[-1], "right")
    assert [way["difference"] for way in answer["ways"]] == [
        way.difference for way in (expected.alone, expected.masked, expected.unmasked)
    ]
    assert "first 16 tokens" in answer["notes"]
    assert sum(ask(inspect_batch, run="small", text=TEXT, side="left")["rows"][1]["mask"]) == 5, "a third"


def test_counting_is_compared_on_the_same_tokens(root):
    answer = counted(run="small", text=TEXT)
    names = [order["name"] for order in answer["orders"]]
    assert names[:2] == ["unigram", "bigram"]
    train = np.load(root / "small" / "tokens" / "train.npy")
    tokens = load_run(root / "small").tokenizer.encode(TEXT)
    _, bigram, *_ = fit_ngrams(train, int(train.max()) + 1, 5).log_probs_by_order(tokens)
    np.testing.assert_allclose(floats(answer["orders"][1]["loss"]), -bigram[1:], rtol=1e-5)


def test_the_shipped_run_is_counted_from_its_corpus(root):
    answer = counted(run="demo", text=ask(inspect_example, run="demo")["text"])
    losses = {order["name"]: order["totals"]["nats"] for order in answer["orders"]}
    assert losses["unigram"] > losses["bigram"] > min(losses.values())


def test_what_cannot_be_shown_is_said_in_a_sentence(root):
    def said(function, **request):
        return ask(function, **{"run": "small", "text": "the", **request})["error"]

    for text in ("", "ÄÖ"):
        assert "nothing to inspect" in said(inspect_scores, text=text)
    assert said(inspect_scores, run="none") == "There is no run named 'none'."
    assert "no checkpoint of step 7" in said(inspect_scores, step=7)
    assert "An LSTM has no attention" in said(inspect_attention, run="lstm")
    assert "training text of bare was not kept with it" in counted(run="bare", text="the")["error"]
    assert "Ä" in ask(inspect_scores, run="small", text="theÄ")["notes"]
    alone = ask(inspect_scores, run="small", text="t")
    assert alone["totals"] is None
    assert "no loss" in alone["notes"]
    assert "first 2,000 tokens" in ask(inspect_scores, run="small", text="the cat " * 300)["notes"]


def test_an_lstm_is_inspected_but_for_attention(root):
    assert len(floats(ask(inspect_scores, run="lstm", text=TEXT)["loss"])) == len(TEXT) - 1
    assert ask(inspect_lens, run="lstm", text=TEXT)["n_stages"] == 3


def test_runs_are_listed_and_each_has_an_example(root):
    answer = ask(inspect_runs, run="small")
    assert (answer["run"], answer["steps"]) == ("small", list(STEPS))
    assert {name for _, name in answer["choices"]} == {"demo", "small", "lstm", "bare"}
    assert ask(inspect_runs, run="gone")["run"] == "demo", "the newest"
    assert ask(inspect_example, run="small")["text"][:20] in TEXT * 2
    assert len(ask(inspect_example, run="demo")["text"].split()) > 20


@pytest.fixture(scope="module")
def url(root):
    with gr.Blocks(analytics_enabled=False) as demo, gr.Tabs(), gr.Tab("Inspect"):
        build_inspect_tab()
    demo.launch(
        prevent_thread_lock=True, quiet=True, css=CSS + TOKEN_CSS + INSPECT_CSS, theme=THEME, ssr_mode=False
    )
    yield demo.local_url
    demo.close()


CELLS = "[data-part=heat] .pg-hot"


@pytest.fixture
def lab(page, url):
    page.goto(url)
    expect(page.locator(CELLS).first).to_be_visible(timeout=30_000)
    return page


def choose(page, run):
    page.locator("#inspect-run").select_option(run)
    expect(page.locator("[data-part=step-name]")).to_contain_text("step 30")
    page.locator("#inspect-text textarea").fill(TEXT)
    expect(page.locator(CELLS)).to_have_count(len(TEXT))


def test_a_token_is_described_where_it_is_pointed_at(lab):
    detail = lab.get_by_test_id("inspect-detail")
    lab.locator("#inspect-text textarea").fill("Once upon a time there was a girl.")
    expect(lab.locator(CELLS).nth(2)).to_have_text("·a")
    lab.locator(CELLS).nth(2).hover()
    expect(detail).to_contain_text("token 3 of")
    expect(detail).to_contain_text("Expected after ·upon")
    expect(detail.locator("li")).to_have_count(10)
    expect(detail.locator("tbody tr")).to_have_count(4, timeout=30_000)
    lab.get_by_test_id("inspect-heat").press("End")
    expect(detail).to_contain_text(re.compile(r"token (\d+) of \1,"))
    lab.get_by_test_id("inspect-heat").press("Home")
    expect(detail).to_contain_text("it has no loss")
    rows = lab.get_by_test_id("inspect-totals").locator("tbody tr")
    assert [row.split("\t")[0] for row in rows.all_inner_texts()][-1] == "model"
    lab.locator("#inspect-colour").select_option("bigram")
    assert lab.locator(f"{CELLS}.pg-cold").count() > 3, "context helps on most tokens"


def test_token_text_is_never_markup_and_the_tables_follow(lab):
    choose(lab, "small")
    for view in ("next", "attention", "lens", "tokens"):
        lab.locator(f"[data-view={view}]").click()
    lab.locator("[data-view=next]").click()
    expect(lab.get_by_test_id("inspect-next").locator("tbody tr")).to_have_count(len(TEXT))
    assert lab.locator(".pg-ins img").count() == 0
    lab.locator("#inspect-text textarea").fill("")
    expect(lab.get_by_test_id("inspect-note")).to_contain_text("nothing to inspect")


def test_two_texts_in_one_batch_agree_with_each_alone(lab):
    choose(lab, "small")
    lab.locator("[data-view=batch]").click()
    expect(lab.get_by_test_id("inspect-agree")).to_contain_text("Padded and unpadded agree")
    table = lab.get_by_test_id("inspect-batch").locator(".pg-ins-batch")
    expect(table.locator("td.pg-pad")).to_have_count(11)
    lab.locator("#inspect-second").fill("the dog")
    expect(table.locator("td.pg-pad")).to_have_count(9)
    lab.locator("#inspect-side").select_option("right")
    expect(table.locator("tr.pg-mask").nth(1)).to_contain_text("1111111000000000")
    expect(lab.get_by_test_id("inspect-agree")).to_contain_text("Padded and unpadded agree")


def test_a_slider_goes_back_through_the_checkpoints(lab):
    choose(lab, "small")
    model = lab.get_by_test_id("inspect-totals").locator("tbody tr", has_text="model")
    newest = model.inner_text()
    lab.locator("#inspect-step").press("Home")
    expect(lab.locator("[data-part=step-name]")).to_have_text("step 10, 1 of 3 kept")
    expect(model).not_to_have_text(newest)
    loaded = load_run(runs.find(runs.runs_root(), "small"), 10)
    nats = score_tokens(loaded.model, loaded.tokenizer.encode(TEXT)).loss.mean().item()
    expect(model).to_contain_text(f"{nats:.3f}")


def test_attention_shows_what_a_token_looks_at(lab):
    choose(lab, "small")
    lab.locator("[data-view=tokens]").focus()
    lab.keyboard.press("ArrowRight")
    lab.keyboard.press("ArrowRight")
    heads = lab.get_by_test_id("inspect-heads").locator("button")
    expect(heads).to_have_count(4)
    heads.nth(3).click()
    expect(lab.get_by_test_id("inspect-head-title")).to_contain_text("Layer 2, head 2")
    lab.get_by_test_id("inspect-looks").locator(".pg-hot").nth(1).hover()
    named = lab.get_by_test_id("inspect-looks-named")
    expect(named).to_contain_text("h, token 2, attends to")
    loaded = load_run(runs.find(runs.runs_root(), "small"), 30)
    share = attention_patterns(loaded.model, loaded.tokenizer.encode(TEXT)[:16])[1, 1, 1, 0].item()
    expect(named).to_contain_text(f"t (1 back) {100 * share:.0f} %")
    lab.locator("#inspect-run").select_option("lstm")
    expect(lab.locator("[data-part=attention-note]")).to_contain_text("An LSTM has no attention")


def test_cross_entropy_by_hand(lab):
    lab.locator("[data-view=hand]").click()
    loss = lab.get_by_test_id("hand-loss")
    expect(loss).to_have_text(f"{math.log(math.exp(2) + math.e + 1) - 2:.3f}")
    lab.get_by_role("button", name="All equal").click()
    expect(loss).to_have_text("1.099")
    lab.locator("[data-logit='0']").press("End")
    expect(loss).to_have_text(f"{math.log(math.exp(5) + 2) - 5:.3f}")
    lab.get_by_label("moon is right").check()
    expect(loss).to_have_text(f"{math.log(math.exp(5) + 2):.3f}")
    expect(lab.get_by_test_id("inspect-hand")).to_contain_text("ln 1,024 = 6.931")


def test_a_hugging_face_model_is_opened_and_looked_into(lab, root, tmp_path):
    tiny_model(tmp_path / "tiny-opt", "opt", std=0.2)
    lab.get_by_text("Open a Hugging Face model").click()
    lab.locator("#inspect-hub-name").fill("no such/../model")
    lab.locator("#inspect-hub-open").click()
    note = lab.get_by_test_id("inspect-hub-note")
    expect(note).to_contain_text("There is no folder", timeout=30_000)
    lab.locator("#inspect-hub-name").fill(str(tmp_path / "tiny-opt"))
    lab.locator("#inspect-hub-name").press("Enter")
    expect(note).to_contain_text("is open as the run tiny-opt", timeout=90_000)
    lab.locator("#inspect-text textarea").fill("the cat sat on the mat.")
    loaded = load_run(root / "tiny-opt")
    nats = score_tokens(loaded.model, loaded.tokenizer.encode("the cat sat on the mat.")).loss.mean().item()
    totals = lab.get_by_test_id("inspect-totals")
    expect(totals.locator("tbody tr", has_text="model")).to_contain_text(f"{nats:.3f}", timeout=30_000)
    expect(totals).to_contain_text("was trained elsewhere")
    lab.locator("[data-view=attention]").click()
    expect(lab.get_by_test_id("inspect-heads").locator("button")).to_have_count(8)
    lab.locator("[data-view=lens]").click()
    expect(lab.locator("[data-part=lens-note]")).to_contain_text("runs through transformers")
    lab.locator("[data-view=batch]").click()
    expect(lab.get_by_test_id("inspect-agree")).to_contain_text("Padded and unpadded agree")
    shutil.rmtree(root / "tiny-opt")


def test_a_link_shows_the_same(page, url):
    """Served alone, without the other tabs, nothing is written to the address; what it says is read."""
    page.goto(f"{url}?tab=inspect&inspect_run=small&inspect_step=20&view=next&text=the+cat")
    expect(page.get_by_test_id("inspect-next").locator("tbody tr")).to_have_count(7, timeout=30_000)
    expect(page.locator("[data-part=step-name]")).to_have_text("step 20, 2 of 3 kept")
    expect(page.locator("#inspect-run")).to_have_value("small")
