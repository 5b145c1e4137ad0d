"""Configs and a machine of round figures, for the tests of accounting."""

import dataclasses

from playground.accounting import Machine
from playground.presets import preset


def with_vocabulary(name, d_vocab, **train):
    config = preset(name).config
    model = dataclasses.replace(config.model, d_vocab=d_vocab)
    return dataclasses.replace(config, model=model, train=dataclasses.replace(config.train, **train))


def a_machine(**changes):
    names = ["linear", "lstm_steps", "attention", "attention_dropout", "embed", "add", "dropout", "loss"]
    names += ["norm_layernorm", "norm_rmsnorm", "qk_norm", "rotate", "adamw", "adamw_plain", "sgd", "clip"]
    names += ["zeros", "accumulate", "qk_norm_rotate", "step", "muon"]
    names += [*(f"activation_{name}" for name in ("gelu", "gelu_tanh", "relu2", "swiglu"))]
    values = {"device": "cpu", "threads": 2, "memory_bytes": 10**10, "process_bytes": 10**8, "half": False}
    seconds = dict.fromkeys(names, ((1000.0, 1e-05), (1000000.0, 0.001)))
    return Machine(**{**values, "peak_flops": 1e11, "seconds": seconds, **changes})
