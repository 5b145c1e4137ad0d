"""Models of three courses, with the numbers that the courses give."""

from __future__ import annotations

import dataclasses

from playground.config import OptimConfig, TrainConfig
from playground.presets.nanogpt import CPU_MODEL
from playground.presets.nanogpt import OPTIM as CPU_OPTIM
from playground.presets.preset import like_gpt2, make_preset

ARENA_MODEL = like_gpt2(d_model=256, n_heads=4, d_head=64, n_layers=2, d_mlp=1024, n_ctx=256)
TINYSTORIES_MODEL = like_gpt2(
    d_model=768, n_heads=12, n_layers=4, d_mlp=3072, n_ctx=1000, positions="sinusoidal", activation="gelu"
)
COURSE_LSTM = dataclasses.replace(
    CPU_MODEL.underived(), architecture="lstm", n_layers=2, d_model=222, bias=True
)
"""As many parameters as CPU_MODEL, which the course has too, by accounting.lstm_of_equal_size."""
COURSE_TRAIN = TrainConfig(
    steps=2000,
    batch_size=12,
    accumulate=40,
    eval_every=100,
    eval_sequences=96,
    sample_every=100,
    checkpoint_every=50,
)

COURSES = (
    make_preset(
        "arena",
        "ARENA demo: GPT-2 in miniature",
        "GPT-2's 50,257 tokens on a model of two layers: nearly all of its 27 million parameters only look "
        "tokens up, and the loss starts at ln 50,257 = 10.8. It is past the unigram line within the first "
        "epoch of 200 steps.",
        "gpt2",
        model=ARENA_MODEL,
        optim=OptimConfig(
            lr=1e-3, lr_min=1e-3, schedule="constant", warmup_steps=0,
            weight_decay=1e-2, beta1=0.9, beta2=0.999, max_grad_norm=0.0,
        ),
        train=TrainConfig(
            steps=2000, batch_size=16, eval_every=200, eval_sequences=48, sample_every=200,
            checkpoint_every=200,
        ),
    ),
    make_preset(
        "tinystories",
        "TinyStories: 105 million parameters",
        "Whole stories, one a row, with positions as waves: look for names that last to the end of a story. "
        "It needs a GPU; when the validation loss has not improved five times in a row, it has seen enough.",
        "gpt2",
        batches="padded",
        model=TINYSTORIES_MODEL,
        optim=OptimConfig(
            lr=5e-4, lr_min=0.0, schedule="linear", warmup_steps=200,
            weight_decay=1e-2, beta1=0.9, beta2=0.999, max_grad_norm=1.0,
        ),
        train=TrainConfig(
            steps=5000, batch_size=16, eval_every=50, eval_sequences=64, sample_every=250,
            checkpoint_every=50, patience=5,
        ),
    ),
    make_preset(
        "course-cpu",
        "Tiny CPU course model: 40 symbols",
        "Letters, digits and little else: a small alphabet needs no large vocabulary, so all of the model is "
        "attention and MLP. Each step adds up 40 batches, so its curve is smooth; compare it with its rival, "
        "the LSTM of equal size.",
        "alphabet",
        model=CPU_MODEL,
        optim=CPU_OPTIM,
        train=COURSE_TRAIN,
    ),
    make_preset(
        "course-lstm",
        "Its rival: an LSTM of equal size",
        "The same text, batches and number of parameters as the tiny CPU course model, without attention. "
        "Over 64 characters it keeps up for long: look for where the transformer's curve leaves it.",
        "alphabet",
        model=COURSE_LSTM,
        optim=CPU_OPTIM,
        train=COURSE_TRAIN,
    ),
)  # fmt: skip
