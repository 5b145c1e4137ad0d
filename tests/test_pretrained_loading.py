"""Pretrained models of folders: in our own transformer or wrapped, with the logits of transformers."""

import dataclasses
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from playground import runs
from playground.config import ModelConfig, RunConfig
from playground.files import read_json
from playground.loading import load_run
from playground.models import HFModel, Transformer, build_model
from playground.prepared import load_prepared
from playground.pretrained import PretrainedError, facts_of, load_pretrained, open_model
from playground.training import Data, evaluate
from playground.worker import work
from tests.small_runs import make_run
from tests.tiny_models import D_VOCAB, OURS, SHAPES, tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a tiny model of a kind, made once."""
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            tiny_model(made[kind], kind, std=0.2)
        return made[kind]

    return of


def copied(folder, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(folder, tmp_path / "model")


@torch.no_grad()
@pytest.mark.parametrize("kind", SHAPES)
def test_every_model_has_the_logits_of_transformers_in_one_go_in_steps_and_padded(kind, folder):
    theirs, tokenizer = load_pretrained(str(folder(kind)), dtype="float32")
    opened = open_model(str(folder(kind)))
    model, tokens = opened.model, torch.randint(len(tokenizer), (2, 9))
    assert isinstance(model, Transformer if kind in OURS else HFModel)
    logits = theirs(tokens).logits
    close = {"atol": 1e-4, "rtol": 1e-4}  # test_pretrained_convert is exact
    torch.testing.assert_close(model(tokens), logits, **close)
    torch.testing.assert_close(model.unembed(model.hidden(tokens)), logits, **close)
    cache = model.new_cache(2)
    parts = [model(part, cache) for part in tokens.split([4, 1, 3, 1], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), logits, **close)
    mask = torch.ones(2, 9, dtype=torch.bool)
    mask[0, :4] = False
    torch.testing.assert_close(model(tokens, None, mask)[0, 4:], model(tokens[:1, 4:])[0], **close)
    torch.testing.assert_close(model(tokens, None, mask)[1], logits[1], **close)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["gpt_neox", "opt", "gemma2"])
def test_a_wrapped_model_is_rebuilt_from_its_config_alone_and_goes_on_padded(kind, folder):
    model = open_model(str(folder(kind)), n_ctx=20).model
    config = ModelConfig(**json.loads(json.dumps(dataclasses.asdict(model.config))))
    again = build_model(config).eval()
    assert isinstance(again, HFModel)
    again.load_state_dict(model.state_dict())
    tokens = torch.randint(D_VOCAB, (3, 8))
    torch.testing.assert_close(again(tokens), model(tokens))
    assert config.n_ctx == 20
    assert config.n_parameters == sum(p.numel() for p in model.parameters())
    with pytest.raises(ValueError, match="n_ctx = 20"):
        model(torch.zeros(1, 21, dtype=torch.long))
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[1, :2] = False
    cache = model.new_cache(3)
    model(tokens[:, :5], cache, mask)
    cache.pick(torch.tensor([1, 0]))
    onward = model(tokens[[1, 0], 5:], cache)
    torch.testing.assert_close(onward[0], model(tokens[1:2, 2:])[0, 3:], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(onward[1], model(tokens[:1])[0, 5:], atol=1e-5, rtol=1e-5)


def test_the_tokenizer_pads_at_the_left_with_its_end_token(folder):
    _, tokenizer = load_pretrained(str(folder("gpt2")))
    batch = tokenizer(["the cat", "the cat sat on the mat"], padding=True)
    assert tokenizer.pad_token == "<|end|>"
    assert batch["attention_mask"][0][0] == 0
    assert batch["attention_mask"][0][-1] == 1


def test_the_facts_of_a_model_are_known_without_reading_its_weights(folder):
    facts = facts_of(str(folder("qwen3")))
    model = open_model(str(folder("qwen3"))).model
    assert facts.n_parameters == sum(p.numel() for p in model.parameters())
    assert (facts.kind, facts.n_ctx, facts.d_vocab, facts.is_ours) == ("qwen3", 64, D_VOCAB, True)
    assert "0.0M parameters" in facts.sentence
    assert not facts_of(str(folder("opt"))).is_ours


def spoil_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**read_json(path), **changes}))


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def garble(folder):
    path = folder / "model.safetensors"
    path.write_bytes(b"no header" + path.read_bytes())


def pickle_only(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def drop_tensor(folder):
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(min(tensors))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("kind", ["qwen3", "opt"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: spoil_config(f, auto_map={"AutoModelForCausalLM": "m.M"}), "asks to run code of its own"),
        (
            lambda f: spoil_config(f, architectures=["OPTForQuestionAnswering"]),
            "no causal language",
        ),
        (lambda f: spoil_config(f, model_type="unheard-of"), "config of .* can't be read"),
        (lambda f: spoil_config(f, hidden_size=64, word_embed_proj_dim=64), "weights of .* (read|fit)"),
        (lambda f: (f / "config.json").unlink(), "no readable config.json"),
        (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors"),
        (cut, "model.safetensors is cut short"),
        (garble, "model.safetensors is corrupt"),
        (pickle_only, "pytorch_model.bin only, a pickle"),
        (drop_tensor, "don't fit its config: .* missing"),
    ],
)
def test_what_keeps_a_model_from_being_loaded_is_said_in_one_sentence(kind, spoil, words, folder, tmp_path):
    spoiled = copied(folder(kind), tmp_path)
    spoil(spoiled)
    for load in (open_model, load_pretrained):
        with pytest.raises(PretrainedError, match=words) as raised:
            load(str(spoiled))
        assert "\n" not in str(raised.value)


def test_models_and_tokenizers_that_are_not_what_is_needed(folder, tmp_path):
    with pytest.raises(PretrainedError, match="There is no folder '/no/such'"):
        open_model("/no/such")
    BertModel(BertConfig(hidden_size=8, num_attention_heads=1, num_hidden_layers=1)).save_pretrained(tmp_path)
    with pytest.raises(PretrainedError, match="is a BertModel, which is no causal language model"):
        facts_of(str(tmp_path))
    tiny_model(tmp_path / "small", vocab_size=200)
    with pytest.raises(PretrainedError, match="ids up to 2.., but the model has embeddings for 200"):
        load_pretrained(str(tmp_path / "small"))


@pytest.mark.parametrize("kind", ["qwen3", "opt"])
def test_a_run_starts_from_a_pretrained_model_and_resumes_without_it(kind, folder, tmp_path):
    gone = copied(folder(kind), tmp_path)
    run = make_run(tmp_path, steps=10, eval_every=5, checkpoint_every=5)
    config = RunConfig.from_json((run / "config.json").read_text())
    config = dataclasses.replace(config, start_from=str(gone))
    (run / "config.json").write_text(config.to_json())
    assert work(run) == 0
    started, first = RunConfig.from_json((run / "config.json").read_text()), runs.read_metrics(run)[0][0]
    assert (started.model.n_ctx, started.model.d_vocab, started.start_revision) == (16, D_VOCAB, "local")
    prepared = load_prepared(run)
    data = Data(prepared.train, prepared.val, prepared.bytes_per_token)
    pretrained = open_model(str(gone), n_ctx=16).model
    at_start = evaluate(pretrained, data, started, torch.device("cpu"))["val_loss"]
    assert first["step"] == 0
    assert first["val_loss"] == pytest.approx(at_start, rel=1e-4)
    shutil.rmtree(gone)
    runs.change_length(run, 15, 0, 1)
    assert work(run, resume=True) == 0
    loaded = load_run(run)
    assert loaded.step == 15
    assert loaded.tokenizer.decode(loaded.tokenizer.encode("the cat")) == "the cat"
