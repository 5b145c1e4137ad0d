"""GPT-2 at its own sizes (Radford et al. 2019), to estimate before anybody trains them."""

from __future__ import annotations

import dataclasses

from playground.config import OptimConfig, TrainConfig
from playground.presets.preset import like_gpt2, make_preset

SMALL_MODEL = like_gpt2(d_model=768, n_heads=12, n_layers=12, n_ctx=1024, tie_embeddings=True)
XL_MODEL = dataclasses.replace(SMALL_MODEL.underived(), d_model=1600, n_heads=25, n_layers=48)

GPT2 = (
    make_preset(
        "gpt2",
        "GPT-2 small: 124 million parameters",
        "The shape of GPT-2 with nanoGPT's recipe: half a million tokens a step. Look at the estimate first; "
        "on a machine with GPUs, its loss goes under 3.0 where the text is large enough.",
        "gpt2",
        model=SMALL_MODEL,
        optim=OptimConfig(
            lr=6e-4, lr_min=6e-5, schedule="cosine", warmup_steps=2000,
            weight_decay=0.1, beta1=0.9, beta2=0.95, max_grad_norm=1.0,
        ),
        train=TrainConfig(
            steps=600_000, batch_size=12, accumulate=40, eval_every=1000, eval_sequences=200,
            sample_every=1000, checkpoint_every=1000,
        ),
    ),
    make_preset(
        "gpt2-xl",
        "GPT-2 XL: 1.6 billion parameters (estimate first)",
        "For the estimate: how much memory it takes before a single token is read, how few sequences fit "
        "into 80 GB then, and how many days 400,000 steps of 1,024 sequences last.",
        "gpt2",
        model=XL_MODEL,
        optim=OptimConfig(
            lr=1.5e-4, lr_min=1.5e-5, schedule="cosine", warmup_steps=2000,
            weight_decay=0.1, beta1=0.9, beta2=0.95, max_grad_norm=1.0,
        ),
        train=TrainConfig(
            steps=400_000, batch_size=1, accumulate=1024, eval_every=1000, eval_sequences=200,
            sample_every=1000, checkpoint_every=1000,
        ),
    ),
)  # fmt: skip
