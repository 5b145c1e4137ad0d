"""Hugging Face models in and out.

to_hf, from_hf     between our transformer and theirs of the same shape, weight by weight
load_pretrained    a model of the Hub or of a folder as transformers has it, with its tokenizer
open_model         the same in our transformer where that has its shape, else wrapped behind our interface
facts_of           what is known of a model before its weights are fetched or read
"""

from playground.pretrained.convert import from_hf, to_hf
from playground.pretrained.errors import PretrainedError
from playground.pretrained.facts import ModelFacts, facts_of
from playground.pretrained.loading import Opened, load_pretrained, open_model, wrapped

__all__ = [
    "ModelFacts",
    "Opened",
    "PretrainedError",
    "facts_of",
    "from_hf",
    "load_pretrained",
    "open_model",
    "to_hf",
    "wrapped",
]
