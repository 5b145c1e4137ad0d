"""nanoGPT's two recipes for Shakespeare by characters (github.com/karpathy/nanoGPT, 2023)."""

from __future__ import annotations

import dataclasses

from playground.config import OptimConfig, TrainConfig
from playground.presets.preset import like_gpt2, make_preset

CPU_MODEL = like_gpt2(
    d_model=128, n_heads=4, n_layers=4, n_ctx=64, activation="gelu", tie_embeddings=True, bias=False
)
GPU_MODEL = dataclasses.replace(
    CPU_MODEL.underived(), d_model=384, n_heads=6, n_layers=6, n_ctx=256, dropout=0.2
)
OPTIM = OptimConfig(
    lr=1e-3,
    lr_min=1e-4,
    schedule="cosine",
    warmup_steps=100,
    weight_decay=0.1,
    beta1=0.9,
    beta2=0.99,
    max_grad_norm=1.0,
)

NANOGPT = (
    make_preset(
        "shakespeare-cpu",
        "nanoGPT's Shakespeare, for a CPU",
        "On tiny Shakespeare (Hub: karpathy/tiny_shakespeare) the validation loss reaches about 1.88 after "
        "2,000 steps: spelling is learned, sense is not. See how much sooner Fast gets there.",
        "char",
        model=CPU_MODEL,
        optim=OPTIM,
        train=TrainConfig(
            steps=2000, batch_size=12, eval_every=250, eval_sequences=240, sample_every=250,
            checkpoint_every=250,
        ),
    ),
    make_preset(
        "shakespeare-gpu",
        "nanoGPT's Shakespeare, for a GPU",
        "On tiny Shakespeare the validation loss is best at about 1.47 and then rises while the training "
        "loss still falls: ten million parameters learn one megabyte by heart.",
        "char",
        model=GPU_MODEL,
        optim=OPTIM,
        train=TrainConfig(
            steps=5000, batch_size=64, eval_every=250, eval_sequences=256, sample_every=250,
            checkpoint_every=250,
        ),
    ),
)  # fmt: skip
