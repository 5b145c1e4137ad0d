"""What training is measured against: a plain loop with Hugging Face's GPT-2 and PyTorch's AdamW."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.config import ModelConfig
    from playground.dataset import Tokens


class PlainLoop:
    """A GPT-2 of a given shape, learning from random windows as in any tutorial."""

    def __init__(self, shape: ModelConfig, batch_size: int, tokens: Tokens) -> None:
        import torch
        from transformers import GPT2Config, GPT2LMHeadModel

        self.batch_size, self.n_ctx = batch_size, shape.n_ctx
        self.tokens = torch.from_numpy(tokens.astype("int64"))
        config = GPT2Config(
            vocab_size=shape.d_vocab, n_positions=shape.n_ctx, n_embd=shape.d_model, n_layer=shape.n_layers,
            n_head=shape.n_heads, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
            bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        self.model = GPT2LMHeadModel(config).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, betas=(0.9, 0.99))

    def step(self) -> None:
        """Learn from one batch."""
        import torch
        from torch.nn import functional as F

        starts = torch.randint(len(self.tokens) - self.n_ctx, (self.batch_size,))
        rows = torch.stack([self.tokens[start : start + self.n_ctx + 1] for start in starts])
        self.optimizer.zero_grad()
        logits = self.model(rows[:, :-1]).logits
        F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
