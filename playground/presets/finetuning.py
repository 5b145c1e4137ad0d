"""Presets that start from a model that has learned already."""

from __future__ import annotations

import dataclasses

from playground.config import DataConfig, ModelConfig, OptimConfig, RunConfig, SampleConfig, TrainConfig
from playground.presets.gpt2 import SMALL_MODEL
from playground.presets.preset import Preset

DEMO_MODEL = ModelConfig()
"""The shape of the run that comes along, demo, which was made with the usual settings."""

FINETUNING = (
    Preset(
        "memorise",
        "Memorise a string",
        "The demo model, which writes stories, learns one sentence by heart. Within 20 steps the loss falls "
        "from the line of the pretrained model to under 1, and the completions become the sentence.",
        RunConfig(
            model=DEMO_MODEL,
            data=DataConfig(corpus="memorise", tokenizer="run:demo", batches="padded"),
            optim=OptimConfig(
                lr=2e-3, lr_min=0.0, schedule="linear", warmup_steps=2, weight_decay=0.0, beta2=0.95
            ),
            train=TrainConfig(
                steps=60, batch_size=1, eval_every=5, eval_sequences=1, sample_every=5, checkpoint_every=20
            ),
            sample=SampleConfig(max_tokens=40, temperature=0.0),
            preset="memorise",
            start_from="run:demo",
        ),
    ),
    Preset(
        "finetune-gsm8k",
        "Fine-tune GPT-2 on GSM8K",
        "GPT-2 has read much and never done a sum: it learns to answer as the answers do, and the loss is "
        "taken on these alone. Compare its samples with those of step 0, and see whether the numbers come "
        "right. It is fetched from the Hub; on a CPU a step takes many seconds.",
        RunConfig(
            model=dataclasses.replace(SMALL_MODEL, n_ctx=384),
            data=DataConfig(
                corpus="hub", hub="nuprl/engineering-llm-systems", hub_config="gsm8k", tokenizer="gpt2",
                template="Question: {question}\\nAnswer: {answer}", batches="padded", loss_on="answer",
                too_long="cut",
            ),
            optim=OptimConfig(
                lr=5e-5, lr_min=0.0, schedule="linear", warmup_steps=50, weight_decay=0.01, beta2=0.999
            ),
            train=TrainConfig(
                steps=1000, batch_size=4, accumulate=4, eval_every=50, eval_sequences=48, sample_every=100,
                checkpoint_every=100,
            ),
            sample=SampleConfig(max_tokens=120, temperature=0.0),
            preset="finetune-gsm8k",
            start_from="openai-community/gpt2",
        ),
    ),
)  # fmt: skip
