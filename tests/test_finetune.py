"""Fine-tuning learns what a plain transformers loop learns: the same batches, the same losses, in float64."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from playground.checkpoint import load_model_tensors, model_tensors
from playground.config import OptimConfig, RunConfig, TrainConfig
from playground.dataset import NO_TARGET
from playground.lora import adapter_scale, add_adapters, fold_adapters
from playground.optim import build_optimizer
from playground.pretrained import from_hf, open_model
from playground.schedules import lr_at
from playground.training import Data, evaluate, train
from tests.tiny_models import tiny_model

D_VOCAB, N_CTX, STEPS = 48, 20, 6
CPU = torch.device("cpu")


def tiny_gpt2():
    config = GPT2Config(
        vocab_size=D_VOCAB, n_positions=N_CTX, n_embd=24, n_layer=2, n_head=3, resid_pdrop=0.0,
        embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return GPT2LMHeadModel(config)


def tiny_llama():
    config = LlamaConfig(
        vocab_size=D_VOCAB, max_position_embeddings=N_CTX, hidden_size=24, intermediate_size=40,
        num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, bos_token_id=None,
        eos_token_id=None, pad_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config)


MODELS = {"gpt2": tiny_gpt2, "llama": tiny_llama}
CLOSE = {"gpt2": 1e-9, "llama": 1e-6}
"""The norm of Llama in transformers rounds to float32."""


def records(answers):
    """Return 60 records of 3 to 30 tokens, end token 0 around each, and which are answers, if asked."""
    rng = np.random.default_rng(1)
    tokens, starts, learned = [0], [], [False]
    for length in rng.integers(3, 31, 60):
        starts.append(len(tokens))
        tokens += [*((7 * np.arange(length) + rng.integers(5)) % 40 + 1).tolist(), 0]
        n_answer = int(rng.integers(1, length))
        learned += [False] * (length - n_answer) + [True] * (n_answer + 1)
    tokens, starts = np.array(tokens, np.uint16), np.array([*starts, len(tokens)])
    return tokens, starts, np.array(learned) if answers else None


def data_of(batches, answers):
    tokens, starts, learned = records(answers)
    return Data(
        tokens, tokens, 1.0,
        starts=dict.fromkeys(("train", "val"), starts) if batches == "padded" else None,
        learned=None if learned is None else dict.fromkeys(("train", "val"), learned),
    )  # fmt: skip


def config_of(model, **settings):
    optim = OptimConfig(lr=3e-3, lr_min=1e-4, warmup_steps=2, weight_decay=0.1, beta2=0.95, max_grad_norm=0.5)
    settings = {"batch_size": 4, "eval_every": 100, "eval_sequences": 12, "precision": "float32"} | settings
    return RunConfig(model=model.config, optim=optim, train=TrainConfig(steps=STEPS, **settings))


def plain_loop(model, data, config):
    """Learn as in any tutorial, from the batches that the run draws; return the losses."""
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    rows, generator, losses = data.rows("train", N_CTX), torch.Generator().manual_seed(0), []
    model.train()
    for step in range(STEPS):
        inputs, targets = rows.draw(config.train.batch_size, "cpu", generator)
        # As their labels do it, but for their loss, which rounds to float32.
        loss = F.cross_entropy(model(input_ids=inputs).logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step, config.optim, STEPS)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize(("batches", "answers"), [("packed", False), ("packed", True), ("padded", True)])
@pytest.mark.parametrize("name", MODELS)
def test_losses_are_those_of_a_plain_transformers_loop(name, batches, answers, batch_size):
    torch.manual_seed(0)
    theirs = MODELS[name]().double()
    ours, data = from_hf(theirs), data_of(batches, answers)
    config = config_of(ours, batch_size=batch_size)
    records = train(ours, build_optimizer(ours, config.optim), data, config, CPU)
    found = [r["train_loss"] for r in records if "train_loss" in r]
    assert found == pytest.approx(plain_loop(theirs, data, config), rel=CLOSE[name])
    tokens = torch.arange(1, 11).view(1, 10)
    atol = 10 * CLOSE[name]
    torch.testing.assert_close(ours.eval()(tokens), theirs.eval()(tokens).logits, rtol=0, atol=atol)


def test_in_float32_they_agree_as_far_as_it_goes():
    torch.manual_seed(0)
    theirs = tiny_llama()
    ours, data = from_hf(theirs), data_of("padded", True)
    config = config_of(ours)
    records = train(ours, build_optimizer(ours, config.optim), data, config, CPU)
    found = [r["train_loss"] for r in records if "train_loss" in r]
    assert found == pytest.approx(plain_loop(theirs, data, config), rel=2e-4)


@pytest.mark.parametrize("batches", ["packed", "padded"])
def test_an_evaluation_is_the_mean_over_the_answers_tokens(batches):
    torch.manual_seed(0)
    model = from_hf(tiny_gpt2().double())
    data = data_of(batches, True)
    config = config_of(model)
    found = evaluate(model, data, config, CPU, whole=True)
    rows = data.rows("val", N_CTX)
    total = count = 0.0
    for row in rows.evaluation_rows(rows.n_rows):
        inputs, targets = rows.take([row], "cpu")
        total += F.cross_entropy(model(inputs)[0], targets[0], reduction="sum").item()
        count += (targets != NO_TARGET).sum().item()
    assert found["val_loss"] == pytest.approx(total / count, rel=1e-12)
    if batches == "padded":
        assert count == data.learned["val"].sum()
    small = dataclasses.replace(config, train=dataclasses.replace(config.train, batch_size=1))
    assert evaluate(model, data, small, CPU, whole=True)["val_loss"] == pytest.approx(total / count)


@pytest.mark.parametrize("kind", ["opt", "gpt_neox"])
def test_wrapped_models_learn_what_the_plain_loop_learns(kind, tmp_path):
    tiny_model(tmp_path, kind, **({"dropout": 0.0} if kind == "opt" else {}))  # OPT's own is 0.1
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float64)
    ours, data = open_model(str(tmp_path), n_ctx=N_CTX, dtype=torch.float64).model, data_of("padded", True)
    config = config_of(ours)
    records = train(ours, build_optimizer(ours, config.optim), data, config, CPU)
    found = [r["train_loss"] for r in records if "train_loss" in r]
    assert found == pytest.approx(plain_loop(theirs, data, config), rel=1e-6)


@pytest.mark.parametrize("kind", ["opt", "gpt_neox"])
def test_adapters_of_a_wrapped_model_fold_in(kind, tmp_path):
    tiny_model(tmp_path, kind)
    data, plain = data_of("padded", True), open_model(str(tmp_path), n_ctx=N_CTX).model
    ours = open_model(str(tmp_path), n_ctx=N_CTX).model
    config = config_of(ours, lora_rank=4, lora_alpha=8.0)
    add_adapters(ours, config)
    before = {name: p.clone() for name, p in ours.named_parameters()}
    list(train(ours, build_optimizer(ours, config.optim), data, config, CPU))
    moved = {name for name, p in ours.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if "lora_" in name}
    load_model_tensors(plain, fold_adapters(model_tensors(ours), plain, adapter_scale(config)))
    tokens = torch.arange(1, 11).view(1, 10)
    with torch.no_grad():
        assert (plain.eval()(tokens) - ours.eval()(tokens)).abs().max() < 1e-5
