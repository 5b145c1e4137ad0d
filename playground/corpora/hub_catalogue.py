"""Datasets of the Hugging Face Hub that are good to begin with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from playground.config import DataConfig


@dataclass(frozen=True)
class HubPreset:
    """A dataset, and how its records become text."""

    hub: str
    """Its id on the Hub."""
    title: str
    summary: str
    """What it is, and what to look for when a model learns it."""
    prompts: tuple[str, ...]
    hub_config: str = ""
    hub_split: str = "train"
    text_column: str = ""
    template: str = ""
    max_documents: int = 0
    max_bytes: int = 0


def with_preset(config: DataConfig) -> DataConfig:
    """Return the settings of a dataset of the catalogue as it is meant; what differs from a default stays."""
    preset, plain = HUB_PRESETS.get(config.hub), DataConfig()
    if preset is None:
        return config
    named = {name for name in DECIDED if getattr(config, name) != getattr(plain, name)}
    if named & {"text_column", "template"}:
        named |= {"text_column", "template"}
    return dataclasses.replace(
        config, **{name: getattr(preset, name) for name in DECIDED if name not in named}
    )


DECIDED = ("hub_config", "hub_split", "text_column", "template", "max_documents", "max_bytes")
"""Settings that a dataset of the catalogue brings along."""

HUB_PRESETS: dict[str, HubPreset] = {
    preset.hub: preset
    for preset in (
        HubPreset(
            hub="NeelNanda/pile-10k",
            title="The Pile, 10,000 documents",
            summary=(
                "The first 10,000 documents of The Pile: web pages, papers, code, mail. To get under the "
                "bigram line a model must first tell from the context which of these it is reading; look at "
                "how its loss differs from one kind to another."
            ),
            prompts=("The ", "import ", "In this paper we "),
            text_column="text",
            max_bytes=20_000_000,
        ),
        HubPreset(
            hub="roneneldan/TinyStories",
            title="TinyStories",
            summary=(
                "Two million short stories in the words of a small child, of which the first 20 MB are read. "
                "To get under the bigram line a model must keep grammar and names; look for when its samples "
                "begin to remember who the story is about."
            ),
            prompts=("Once upon a time", "One day, a little girl named Lily", "The dog was sad because"),
            text_column="text",
            max_bytes=20_000_000,
        ),
        HubPreset(
            hub="karpathy/tiny_shakespeare",
            title="Tiny Shakespeare",
            summary=(
                "A megabyte of Shakespeare's plays, the usual first text for a model by characters. To get "
                "under the bigram line it must spell words; look for names in capitals with a colon, then "
                "for the lines that follow them."
            ),
            prompts=("ROMEO:", "First Citizen:\n", "To be, or "),
            hub_split="train+validation+test",
            text_column="text",
        ),
        HubPreset(
            hub="nuprl/engineering-llm-systems",
            title="GSM8K: questions and answers",
            summary=(
                "Grade-school sums in words, each with its answer worked out. A model soon learns the form "
                "and gets under the bigram line; look for whether its answers have anything to do with the "
                "numbers in the question."
            ),
            prompts=(
                "Question: Tom has 3 apples and buys 4 more. How many has he now?\nAnswer:",
                "Question: ",
            ),
            hub_config="gsm8k",
            template="Question: {question}\nAnswer: {answer}",
        ),
    )
}
"""By id."""
