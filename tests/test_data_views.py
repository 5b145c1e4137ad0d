"""What the Data tab shows is what the run will see."""

import dataclasses
import math
import re

import pytest
import torch

from playground.config import ConfigError, DataConfig, ModelConfig, TrainConfig
from playground.corpora import Corpus, text_corpus
from playground.dataset import NO_TARGET
from playground.models import Transformer
from playground.optim import build_optimizer
from playground.prepare import prepare_corpus
from playground.presets import PRESETS
from playground.training import Data, train
from playground.ui.baselines_view import Scale, render_baselines
from playground.ui.batch_view import MAX_CELLS, MAX_ROWS
from playground.ui.data_views import batch_html, batch_of
from playground.ui.documents_view import histogram_edges, render_document, render_lengths
from playground.ui.facts_view import facts_of, render_common, render_sizes

DOCUMENTS = tuple(f"<b>document {i}</b> {'has words ' * (i % 5)}" for i in range(60))


def prepared_with(batches="packed", accumulate=1, n_ctx=16):
    data = DataConfig(corpus="text", text_file="x", tokenizer="char", batches=batches)
    config = dataclasses.replace(
        PRESETS["tiny"].config,
        data=data,
        model=ModelConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=n_ctx),
        train=TrainConfig(steps=3, batch_size=4, accumulate=accumulate, eval_every=100, seed=5),
    )
    return prepare_corpus(Corpus("own", DOCUMENTS), data), config


def shown_in_training(prepared, config):
    """Return what the embedding of a model reads, batch by batch, while it is trained."""
    starts = prepared.starts if config.data.batches == "padded" else None
    data = Data(prepared.train, prepared.val, prepared.bytes_per_token, starts=starts)
    model = Transformer(dataclasses.replace(config.model, d_vocab=prepared.tokenizer.d_vocab))
    embedding = next(part for part in model.modules() if isinstance(part, torch.nn.Embedding))
    seen = []

    def note(module, inputs):
        if model.training:
            seen.append(inputs[0].tolist())

    embedding.register_forward_pre_hook(note)
    optimizer = build_optimizer(model, config.optim)
    list(train(model, optimizer, data, config, torch.device("cpu")))
    return seen


@pytest.mark.parametrize(("batches", "accumulate"), [("packed", 1), ("padded", 1), ("packed", 2)])
def test_the_batches_shown_are_those_that_training_learns_from(batches, accumulate):
    prepared, config = prepared_with(batches, accumulate)
    shown = shown_in_training(prepared, config)
    assert len(shown) == 3 * accumulate
    for number, seen in enumerate(shown):
        batch = batch_of(prepared, config, number)
        assert batch.inputs == seen
        for row, wanted, length in zip(batch.inputs, batch.targets, batch.lengths, strict=True):
            assert wanted[: length - 1] == row[1:length]
            assert wanted[length:] == [None] * (len(row) - length)


def test_filling_is_shown_as_filling_and_text_is_escaped():
    prepared, config = prepared_with("padded", n_ctx=64)
    batch = batch_of(prepared, config, 0)
    shown = batch_html(prepared, config, 0)
    filled = sum(target is None for row in batch.targets for target in row)
    assert filled > 0
    assert sum(map(int, re.findall(r'data-filled="(\d+)"', shown))) == filled
    assert f"{filled:,} places are filled up" in shown
    assert str(NO_TARGET) not in shown
    assert shown.count('class="pg-pair"') == sum(map(len, batch.inputs)) - filled
    assert "&lt;" in shown
    assert "<b><" not in shown


@pytest.mark.parametrize("batches", ["packed", "padded"])
def test_tokens_that_are_not_learned_are_shown_apart_and_long_documents_are_counted(batches):
    _, config = prepared_with(batches)
    data = dataclasses.replace(config.data, loss_on="answer", answer_after="</b>")
    config = dataclasses.replace(config, data=data)
    prepared = prepare_corpus(Corpus("own", DOCUMENTS), data)
    batch, shown = batch_of(prepared, config, 1), batch_html(prepared, config, 1)
    learned = sum(target is not None for row in batch.targets for target in row)
    assert 0 < learned < sum(batch.lengths)
    assert f"{sum(batch.lengths) - learned:,} tokens are read but not learned" in shown
    assert shown.count("pg-unlearned") == sum(batch.lengths) - learned
    assert "60 of 60 documents are longer than the context of 16 tokens" in shown
    assert "Tokens of answers" in render_sizes(prepared, facts_of(prepared))


def test_a_large_batch_is_cut_and_says_so():
    prepared, config = prepared_with(n_ctx=400)
    config = dataclasses.replace(config, train=TrainConfig(batch_size=64))
    shown = batch_html(prepared, config, 0)
    assert shown.count("pg-batch-row") == MAX_ROWS
    assert shown.count('class="pg-pair') <= MAX_CELLS
    assert "64 rows of 400 tokens" in shown
    assert "Shown: 16 rows" in shown


def test_a_batch_that_can_not_be_made_is_said_in_a_sentence():
    config = dataclasses.replace(prepared_with("padded")[1])
    whole = prepare_corpus(text_corpus("abc " * 300), config.data)
    with pytest.raises(ConfigError, match="not made of documents"):
        batch_of(whole, config, 0)
    short, config = prepared_with(n_ctx=10**6)
    with pytest.raises(ConfigError, match="shorter context"):
        batch_of(short, config, 0)


def test_bars_are_as_long_as_the_numbers_and_units_agree():
    held_out = {"unigram": 2.0, "bigram": 1.0}
    baselines = {"uniform": 4.0, "unigram": 1.9, "bigram": 0.8, "held_out": held_out, "floor": 0.5}
    nats = render_baselines(baselines, Scale("nats", 2.0, 4.0))
    for width in ("100.00", "50.00", "25.00", "12.50", "47.50", "20.00"):
        assert f"width:{width}%" in nats
    assert f"{1.0 / math.log(2) / 2:.3f}" in render_baselines(baselines, Scale("bits", 2.0, 4.0))
    assert f"{0.8 / math.log(2) / 4:.3f}" in render_baselines(baselines, Scale("bits", 2.0, 4.0))
    assert f"{math.e:.4g}" in render_baselines(baselines, Scale("perplexity", 2.0, 4.0))
    assert "floor" not in render_baselines({**baselines, "floor": None}, Scale("nats", 2.0, 4.0))


def test_sizes_and_commonest_tokens_are_shown_escaped():
    prepared, _ = prepared_with()
    facts = facts_of(prepared)
    assert facts_of(prepared) is facts
    assert "60" in render_sizes(prepared, facts)
    common = render_common(prepared.tokenizer, facts)
    assert "&lt;" in common
    assert "<b>" not in common


def test_a_document_is_shown_escaped_and_lengths_fill_the_histogram():
    prepared, _ = prepared_with()
    from playground.documents import document

    shown = render_document(prepared.tokenizer, document(prepared, "train", 0))
    assert "&lt;b&gt;document" in shown
    assert "Document 1 of" in shown
    assert render_lengths(facts_of(prepared).lengths).count("pg-histogram-bars") == 2


@pytest.mark.parametrize(("low", "high"), [(1, 1), (0, 3), (5, 90), (1, 100_000), (0, 10**7), (500, 501)])
def test_edges_of_a_histogram_take_in_both_ends(low, high):
    edges = histogram_edges(low, high).tolist()
    assert edges == sorted(set(edges))
    assert edges[0] == low
    assert edges[-1] == high + 1
