"""What was exported, as transformers opens it: equal tokens, and logits equal to 1e-10 in float64."""

import json
import zipfile

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, AutoTokenizer

from playground.config import ConfigError
from playground.evaluation import read_evaluations, save_evaluation
from playground.export import ExportError, export_run, zip_folder
from playground.export.curve import curve_svg
from playground.loading import load_run
from playground.pretrained import from_hf
from playground.records import append_lines
from tests.kept_runs import char_run, char_tokenizer, hf_shape
from tests.test_pretrained_convert import FLOAT32_NORMS, GPT2, LLAMA

SHAPES = {
    "apertus": {},
    "gpt2": {**GPT2, "positions": "learned", "activation": "gelu_tanh", "bias": True, "tie_embeddings": True},
    "llama": LLAMA,
    "nemotron": {**GPT2, "positions": "rotary"},
}


@pytest.fixture(autouse=True)
def _norm_in_float64(monkeypatch):
    for norm in FLOAT32_NORMS:
        monkeypatch.setattr(
            norm, "forward", lambda self, x: F.rms_norm(x, x.shape[-1:], self.weight, self.variance_epsilon)
        )


@pytest.mark.parametrize("kind", SHAPES)
@torch.no_grad()
def test_transformers_opens_a_run_with_equal_tokens_and_logits(tmp_path, kind):
    run = char_run(tmp_path / "runs", "kept", **SHAPES[kind])
    export_run(run, tmp_path / "out")
    loaded = load_run(run)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    text = "To be, or not to be <|endoftext|> that ☺ is"
    tokens = tokenizer(text, return_tensors="pt")["input_ids"]
    assert tokens[0].tolist() == loaded.tokenizer.encode(text)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float64)
    ours = loaded.model.double()
    torch.testing.assert_close(theirs(tokens).logits, ours(tokens), atol=1e-10, rtol=0)
    back = from_hf(theirs)
    torch.testing.assert_close(back(tokens), ours(tokens), atol=1e-10, rtol=0)
    assert theirs.config.model_type == kind
    assert theirs.config.eos_token_id == theirs.generation_config.pad_token_id == loaded.tokenizer.end_id
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert plain.dtype == torch.float32
    written = plain.generate(tokens, max_new_tokens=5, do_sample=False)
    assert written.shape[1] <= tokens.shape[1] + 5


@torch.no_grad()
def test_a_model_of_another_kind_is_exported_as_it_is(tmp_path):
    run = char_run(tmp_path / "runs", "neox", **hf_shape(char_tokenizer().d_vocab))
    loaded = export_run(run, tmp_path / "out")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    tokens = torch.tensor([loaded.tokenizer.encode("To be, or not to be")])
    torch.testing.assert_close(theirs(tokens).logits, loaded.model(tokens), atol=0, rtol=0)
    assert theirs.config.model_type == "gpt_neox"


def test_the_folder_has_a_card_with_the_curve_the_baselines_and_the_settings(tmp_path):
    run = char_run(tmp_path / "runs", "a|b")
    steps = range(0, 30, 5)
    lines = [{"step": step, "train_loss": 4 - step / 10, "val_loss": 4 - step / 11} for step in steps]
    append_lines(run / "metrics.jsonl", *lines)
    held = {"unigram": 3.1, "bigram": 2.5}
    (run / "baselines.json").write_text(json.dumps({"uniform": 4.5, "held_out": held, "floor": 1.25}))
    save_evaluation(run, {"kind": "text", "step": 0, "data": "<b>|x", "bits_per_byte": 1.5})
    export_run(run, tmp_path / "out", 0)
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: transformers")
    assert "# a-b, step 0" in card
    assert "ApertusForCausalLM" in card
    assert "| bigram | 2.5000 |" in card
    assert "| entropy of the source | 1.2500 |" in card
    assert "| 0 | 4.0000 | 4.0000 |" in card
    assert "| 5 |" not in card, "only the curve up to this step"
    assert "| &lt;b>\\|x | 0 | 1.5000 bits per byte |" in card
    assert "| n_layers | `2` |" in card
    names = {path.name for path in (tmp_path / "out").iterdir()}
    files = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md")
    assert names >= set(files)
    assert json.loads((tmp_path / "out" / "playground.json").read_text())["model"]["d_model"] == 16
    zip_folder(tmp_path / "out", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {f"out/{name}" for name in names} == set(archive.namelist())
        assert archive.testzip() is None


def test_the_picture_of_the_curve():
    metrics = [{"step": step, "val_loss": 3.0 - step, "train_loss": 2.0} for step in range(3)]
    picture = curve_svg(metrics, {"uniform": 4.0, "held_out": {"bigram": 1.5, "unigram": None}})
    assert picture.count("<polyline") == 2
    assert "uniform 4.00" in picture
    assert "bigram 1.50" in picture
    assert curve_svg([], {}) == ""


def test_what_cant_be_exported_leaves_nothing(tmp_path):
    lstm = char_run(tmp_path / "runs", "lstm", architecture="lstm")
    with pytest.raises(ConfigError, match="lstm"):
        export_run(lstm, tmp_path / "out")
    odd = char_run(tmp_path / "runs", "odd", positions="learned", qk_norm=False)
    with pytest.raises(ConfigError, match="GPT-2's, with norm layernorm"):
        export_run(odd, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ExportError, match="there already"):
        export_run(odd, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "runs"]
    assert read_evaluations(odd) == []
