"""The playground's own presets: small models that learn within minutes on a CPU."""

from __future__ import annotations

from playground.config import ModelConfig, OptimConfig, TrainConfig
from playground.presets.preset import like_gpt2, make_preset

SMALL = (
    make_preset(
        "fast",
        "Fast: small and quick (default)",
        "Within seconds the loss passes the unigram and the bigram line; then context begins to pay, "
        "and words become sentences.",
        "bpe:1024",
        optim=OptimConfig(
            optimizer="muon",
            lr=0.02,
            muon_lr=0.04,
            momentum=0.9,
            lr_min=0.0,
            schedule="linear",
            warmup_steps=0,
            weight_decay=0.0,
        ),
    ),
    make_preset(
        "characters",
        "Characters: from letters to words",
        "It begins with 80 letters at random, finds out which are common, then which follow which, "
        "and only then how words are spelled.",
        "char",
        model=ModelConfig(n_ctx=128),
        train=TrainConfig(steps=1500),
    ),
    make_preset(
        "tiny",
        "Tiny: one layer, for the impatient",
        "One layer can look back once: it beats the bigram line, but see how far above the bigger "
        "models it stays.",
        "bpe:512",
        model=ModelConfig(n_layers=1, d_model=64, n_ctx=64),
        optim=OptimConfig(lr=8e-3, lr_min=8e-4),
        train=TrainConfig(steps=2000, eval_every=100, sample_every=100, checkpoint_every=100),
    ),
    make_preset(
        "gpt2-style",
        "GPT-2 style: the classic recipe",
        "Learned positions, LayerNorm, GELU and GPT-2's initialisation: the same shape as Fast, "
        "so compare where each passes the lines.",
        "bpe:512",
        model=like_gpt2(tie_embeddings=True),
        optim=OptimConfig(lr=1e-3, lr_min=1e-4, warmup_steps=100),
    ),
)
