"""Adapters: only they learn, folding them in changes nothing, and peft on a transformers model agrees."""

import dataclasses
import io
from importlib import util

import numpy as np
import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from transformers import GPT2Config, GPT2LMHeadModel

from playground import lora
from playground.checkpoint import load_checkpoint, load_model_weights, save_checkpoint
from playground.config import ConfigError, ModelConfig, OptimConfig, RunConfig, SampleConfig, TrainConfig
from playground.job import build_job
from playground.lora import adapter_scale, add_adapters, fold_adapters, has_adapters
from playground.models import build_model
from playground.optim import build_optimizer
from playground.pretrained import from_hf
from playground.progress import Progress
from playground.sampling import generate
from playground.schedules import lr_at
from playground.training import Data, train

GPT2 = ModelConfig(
    d_vocab=40, n_ctx=16, d_model=16, n_heads=2, n_layers=2, positions="learned", norm="layernorm",
    activation="gelu_tanh", bias=True, tie_embeddings=True, qk_norm=False, init="gpt2",
)  # fmt: skip
LLAMA = ModelConfig(
    d_vocab=40, n_ctx=16, d_model=16, n_heads=4, n_kv_heads=2, n_layers=2, d_mlp=24, activation="swiglu",
    qk_norm=False, init="gpt2",
)  # fmt: skip
TOKENS = np.tile(np.random.default_rng(0).permutation(40), 15).astype(np.uint16)
DATA = Data(TOKENS[:500], TOKENS[500:], 1.0)
CPU = torch.device("cpu")


def config_of(model, steps=6, **train_settings):
    settings = {"batch_size": 3, "eval_every": 100, "precision": "float32", "lora_rank": 4, "lora_alpha": 6.0}
    settings |= train_settings
    optim = OptimConfig(lr=1e-2, lr_min=1e-3, warmup_steps=2, schedule="linear")
    return RunConfig(model=model, optim=optim, train=TrainConfig(steps=steps, **settings))


def adapted(config, dtype=torch.float32):
    torch.manual_seed(0)
    model = build_model(config.model).to(dtype)
    add_adapters(model, config)
    return model, build_optimizer(model, config.optim)


def learn(model, optimizer, config):
    return [r["train_loss"] for r in train(model, optimizer, DATA, config, CPU) if "train_loss" in r]


@pytest.mark.parametrize("shape", [GPT2, LLAMA], ids=["gpt2", "llama"])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_only_adapters_learn_and_folded_in_they_do_the_same(shape, dtype, close):
    config = config_of(shape)
    model, optimizer = adapted(config, dtype)
    before = {name: p.clone() for name, p in model.named_parameters()}
    tokens = torch.from_numpy(TOKENS[:32].astype(np.int64)).view(2, 16)
    untouched = build_model(shape).to(dtype).eval()
    untouched.load_state_dict({n.replace(".base_layer.", "."): t for n, t in model.state_dict().items()
                               if "lora_" not in n})  # fmt: skip
    torch.testing.assert_close(model.eval()(tokens), untouched(tokens), rtol=0, atol=close / 10)
    learn(model, optimizer, config)
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if "lora_" in name}
    assert len(moved) == 2 * 4 * shape.n_layers
    folded = fold_adapters(dict(model.state_dict()), untouched, adapter_scale(config))
    untouched.load_state_dict(folded)
    with torch.no_grad():
        difference = (model.eval()(tokens) - untouched(tokens)).abs().max()
    assert difference < close
    assert not has_adapters(untouched)


OUR_NAMES = {
    "attn.c_attn": "attention.qkv",
    "attn.c_proj": "attention.out",
    "mlp.c_fc": "mlp.up",
    "mlp.c_proj": "mlp.down",
}


def plain_peft(ours, theirs):
    """Give a GPT-2 of transformers the adapters that ours has, and freeze the rest."""
    wanted = ["c_attn", "c_proj", "c_fc"]
    settings = LoraConfig(r=4, lora_alpha=6, target_modules=wanted, fan_in_fan_out=True)
    inject_adapter_in_model(settings, theirs)
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            p.requires_grad_("lora_" in name)
            if "lora_" in name:
                _, _, layer, part, linear, kind, *_ = name.split(".")
                own = OUR_NAMES[f"{part}.{linear}"]
                p.copy_(ours.get_parameter(f"blocks.{layer}.{own}.{kind}.default.weight"))


def test_losses_are_those_of_peft_on_the_same_gpt2():
    torch.manual_seed(0)
    theirs = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=40, n_positions=16, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0,
            attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
        )
    ).double()  # fmt: skip
    config = config_of(GPT2)
    ours = from_hf(theirs)
    add_adapters(ours, config)
    plain_peft(ours, theirs)
    learned = [p for p in theirs.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=1e-2, betas=(0.9, 0.99), weight_decay=0.1)
    rows, generator, expected = DATA.rows("train", 16), torch.Generator().manual_seed(0), []
    for step in range(6):
        inputs, targets = rows.draw(3, "cpu", generator)
        logits = theirs(inputs).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.param_groups[0]["lr"] = lr_at(step, config.optim, 6)
        optimizer.step()
        expected.append(loss.item())
    found = learn(ours, build_optimizer(ours, config.optim), config)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_checkpoint_goes_on_exactly_and_opens_as_a_plain_model(tmp_path):
    config = config_of(LLAMA)
    whole = adapted(config)
    losses = learn(*whole, config)
    half, optimizer = adapted(config)
    generator, records = torch.Generator().manual_seed(0), []
    progress = Progress()
    for record in train(half, optimizer, DATA, config, CPU, progress, generator):
        records.append(record)
        if record["step"] == 3:
            break
    held = io.BytesIO()
    save_checkpoint(half, optimizer, 3, held)
    held.seek(0)
    again, optimizer = adapted(config)
    assert load_checkpoint(held, again, optimizer) == 3
    rest = train(again, optimizer, DATA, config, CPU, progress, generator)
    assert [r["train_loss"] for r in [*records[1:], *rest]] == losses
    save_checkpoint(again, optimizer, 6, tmp_path / "c", {"lora_scale": adapter_scale(config)})
    plain = build_model(LLAMA).eval()
    load_model_weights(tmp_path / "c", plain)
    tokens = torch.from_numpy(TOKENS[:16].astype(np.int64)).view(1, 16)
    torch.testing.assert_close(plain(tokens), again.eval()(tokens), rtol=0, atol=1e-5)


def test_a_model_with_adapters_writes_what_the_folded_one_writes():
    config = config_of(GPT2, steps=20)
    model, optimizer = adapted(config, torch.float64)
    learn(model, optimizer, config)
    plain = build_model(GPT2).double()
    plain.load_state_dict(fold_adapters(dict(model.state_dict()), plain, adapter_scale(config)))
    settings = SampleConfig(max_tokens=12, temperature=0.0)
    written = [[d.token for d in generate(m, [1, 2, 3], settings)] for m in (model, plain)]
    assert written[0] == written[1]


def test_what_can_not_have_adapters_is_refused_in_a_sentence(monkeypatch, prepared_corpus):
    prepared = prepared_corpus("brackets")
    config = config_of(
        dataclasses.replace(LLAMA, architecture="lstm", d_vocab=prepared.tokenizer.d_vocab, d_mlp=0)
    )
    with pytest.raises(ConfigError, match="LSTM has no linear layers"):
        build_job(config, prepared)
    monkeypatch.setattr(lora, "find_spec", lambda name: None if name == "peft" else util.find_spec(name))
    with pytest.raises(ConfigError, match="peft is not installed here: pip install peft"):
        build_job(config_of(dataclasses.replace(LLAMA, d_vocab=prepared.tokenizer.d_vocab)), prepared)
