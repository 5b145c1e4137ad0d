"""Any causal language model of Hugging Face, behind the interface of the others.

    tokens ─► body (transformers) ─► hidden ─► unembed

`unembed` is the model's own last layer. Where a model does more than that with its logits (a cap, a factor, a
bias), they are taken whole: `hidden` then returns them, and `unembed` leaves them as they are.
"""

from __future__ import annotations

import inspect
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from playground.config import ConfigError, ModelConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class HFCache:
    """Keys and values of the tokens read so far, as transformers keeps them, and which of them are real."""

    def __init__(self, config: Any, batch: int) -> None:
        from transformers import DynamicCache

        self.past, self.batch, self.length = DynamicCache(config=config), batch, 0
        self.mask: Bool[Tensor, "batch length"] | None = None

    def pick(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with these rows, in this order; a row may be chosen more than once."""
        self.past.reorder_cache(rows.long())  # type: ignore[bad-argument-type]
        self.mask = None if self.mask is None else self.mask[rows]

    def extend_mask(
        self, mask: Bool[Tensor, "batch pos"] | None, tokens: Int[Tensor, "batch pos"]
    ) -> Bool[Tensor, "batch end"] | None:
        """Note which of the new tokens are real, and return it for all tokens; None: all are."""
        if mask is None and self.mask is None:
            return None
        old = tokens.new_ones((len(tokens), self.length), dtype=torch.bool)
        new = torch.ones_like(tokens, dtype=torch.bool)
        self.mask = torch.cat((old if self.mask is None else self.mask, new if mask is None else mask), dim=1)
        return self.mask


class HFModel(nn.Module):
    """A model of transformers with logits, cache and mask as the playground's own models have them.

    Without a `body` it is built from config.hf_config, with random weights. Raises ConfigError for a config
    that transformers can't build.
    """

    def __init__(self, config: ModelConfig, body: PreTrainedModel | None = None) -> None:
        super().__init__()
        self.config = config
        self.body = build_body(config) if body is None else body

    @cached_property
    def ends_plainly(self) -> bool:
        """Whether the logits are the last hidden state times the unembedding; found out when first asked."""
        return is_plain_ending(self.body)

    @property
    def unembed(self) -> Any:
        """What turns the result of `hidden` into logits."""
        return self.body.get_output_embeddings() if self.ends_plainly else Unembedded()

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: HFCache | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits of the token after each position.

        With a cache, `tokens` are those after the ones it holds, and it grows by them. Where rows are filled
        up, at their left or right, `mask` is true at real tokens: they see and count nothing else.
        Raises ValueError if the tokens do not fit into the context.
        """
        return self.read(self.body, tokens, cache, mask).logits

    def hidden(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: HFCache | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> Float[Tensor, "batch pos width"]:
        """Return what `unembed` turns into logits."""
        if self.ends_plainly:
            return self.read(self.body.base_model, tokens, cache, mask).last_hidden_state
        return self(tokens, cache, mask)

    def read(
        self,
        part: nn.Module,
        tokens: Int[Tensor, "batch pos"],
        cache: HFCache | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
        **asked: Any,
    ) -> Any:
        """Return the output of the body or of its base for tokens, with positions that count real ones."""
        end = tokens.shape[1] + (cache.length if cache else 0)
        if end > self.config.n_ctx:
            raise ValueError(f"{end} tokens do not fit into a context of n_ctx = {self.config.n_ctx}.")
        real = cache.extend_mask(mask, tokens) if cache else mask
        given: dict[str, Any] = {"past_key_values": cache.past, "use_cache": True} if cache else {}
        if real is not None:
            given["attention_mask"] = real.long()
            if takes_positions(part):
                given["position_ids"] = (real.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        out = part(input_ids=tokens, **({"use_cache": False} | given | asked))
        if cache:
            cache.length = end
        return out

    @property
    def kind(self) -> str:
        """What transformers calls models of this shape, as opt or gpt_neox."""
        return str(self.body.config.model_type)

    def attention_patterns(
        self, tokens: Int[Tensor, "batch pos"]
    ) -> list[Float[Tensor, "batch head pos pos"]]:
        """Return how much of each position's attention goes to each position, by layer."""
        before = str(self.body.config._attn_implementation)
        self.body.set_attn_implementation("eager")  # the only one that writes them out
        try:
            return list(self.read(self.body.base_model, tokens, output_attentions=True).attentions)
        finally:
            self.body.set_attn_implementation(before)

    def new_cache(self, batch: int = 1) -> HFCache:
        """Return an empty cache for `batch` sequences."""
        return HFCache(self.body.config, batch)


class Unembedded(nn.Module):
    """Stands for the last layer of a model whose logits are taken whole."""

    weight = None

    def forward(self, logits: Float[Tensor, "*row d_vocab"]) -> Float[Tensor, "*row d_vocab"]:
        """Return the logits as they are."""
        return logits


def build_body(config: ModelConfig) -> PreTrainedModel:
    """Return the model of config.hf_config with random weights; never runs code that is not transformers'."""
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        values = json.loads(config.hf_config)
        theirs = AutoConfig.for_model(**values)
        return AutoModelForCausalLM.from_config(theirs, trust_remote_code=False, dtype=torch.float32)
    except (ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
        reason = str(error).strip().split("\n")[0].rstrip(".:")
        raise ConfigError(f"hf_config is no config of a causal language model: {reason}.") from error


def blank_hf(config: ModelConfig) -> HFModel:
    """Return a model like HFModel(config) whose weights are still to be filled in: none are drawn."""
    from transformers.initialization import no_init_weights

    with no_init_weights():
        model = HFModel(config)
    model.body.tie_weights()  # which is left out as well
    return model


def takes_positions(part: nn.Module) -> bool:
    """Tell whether a part of a model can be told the positions of its tokens."""
    return "position_ids" in inspect.signature(part.forward).parameters


@torch.no_grad()
def is_plain_ending(body: PreTrainedModel) -> bool:
    """Tell whether the logits are nothing but the last hidden state times the unembedding.

    Found out by reading one token with something else in the place of the unembedding's result.
    """
    head, weight = body.get_output_embeddings(), next(body.parameters())
    if not isinstance(head, nn.Linear) or head.bias is not None:
        return False
    tokens = torch.zeros(1, 1, dtype=torch.long, device=weight.device)
    marks = torch.linspace(-100, 100, head.out_features, device=weight.device, dtype=weight.dtype)
    entered: list[Tensor] = []

    def replace(_: nn.Module, given: tuple[Tensor, ...], __: Tensor) -> Tensor:
        entered.append(given[0])
        return marks.expand(1, 1, -1)

    hook, was_training = head.register_forward_hook(replace), body.training
    body.eval()
    try:
        logits = body(input_ids=tokens, use_cache=False).logits
        state = body.base_model(input_ids=tokens, use_cache=False).last_hidden_state
    finally:
        hook.remove()
        body.train(was_training)
    same = bool(entered) and state.shape == entered[0].shape
    return same and torch.equal(state, entered[0]) and torch.equal(logits, marks.expand_as(logits))
