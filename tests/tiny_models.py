"""Tiny random models of Hugging Face in folders, with tokenizers of their own: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

TEXT = "the cat sat on the mat. the dog sat on the log. a bird sang in the tree. "
SHARED = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
SHAPES: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "llama": {**SHARED, "num_key_value_heads": 2, "max_position_embeddings": 64},
    "qwen2": {**SHARED, "num_key_value_heads": 2, "max_position_embeddings": 64},
    "qwen3": {**SHARED, "num_key_value_heads": 2, "max_position_embeddings": 64, "head_dim": 16},
    "gpt_neox": {**SHARED, "max_position_embeddings": 64},
    "opt": {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 48,
        "max_position_embeddings": 64, "word_embed_proj_dim": 16,
    },
    "gemma2": {**SHARED, "num_key_value_heads": 2, "max_position_embeddings": 64, "head_dim": 8},
    "phi": {**SHARED, "max_position_embeddings": 64},
}  # fmt: skip
"""By model_type: the first four have the shape of the playground's own transformer."""

OURS = ("gpt2", "llama", "qwen2", "qwen3")
D_VOCAB = 300


def save_tokenizer(folder: Path, size: int = 290, **settings: Any) -> None:
    """Write a byte-level tokenizer of about `size` tokens, with <|end|> as its end token."""
    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=["<|end|>"], show_progress=False
    )
    library.train_from_iterator([TEXT] * 3, trainer)
    PreTrainedTokenizerFast(tokenizer_object=library, eos_token="<|end|>", **settings).save_pretrained(folder)


def tiny_config(kind: str, **changes: Any) -> Any:
    """Return the config of a tiny model of a kind."""
    ends = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    settings = {"vocab_size": D_VOCAB, **ends, **SHAPES[kind], **changes}
    return AutoConfig.for_model(kind, **settings)


def tiny_model(folder: Path, kind: str = "gpt2", std: float = 0.0, **changes: Any) -> Any:
    """Write a random model and a tokenizer into a folder, and return the model; std: of all its weights."""
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(tiny_config(kind, **changes)).eval()
    if std:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, std)
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return model
