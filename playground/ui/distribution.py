"""The chart of the next token's distribution, redrawn in the browser while sliders move.

Python packs the logits once per prompt; the rules of static/reshape.js then need no server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

STATIC = Path(__file__).parent / "static"
MAX_LABELS = 200
"""Candidates that are sent by name; the rest of the vocabulary counts, but has no bar."""

_HTML = """
<div class="pg-dist pg-dist-empty" data-testid="distribution">
  <div class="pg-dist-line">
    <span class="pg-dist-context" data-testid="distribution-context"></span>
    <span class="pg-dist-source" data-testid="distribution-source"></span>
  </div>
  <div class="pg-dist-line pg-dist-summary" data-testid="distribution-summary">
    <span data-testid="distribution-kept"></span>
    <span data-testid="distribution-entropy"></span>
  </div>
  <div class="pg-dist-rows" role="list" aria-label="Most likely next tokens" data-testid="distribution-rows"></div>
  <div class="pg-dist-line">
    <span class="pg-dist-rest" data-testid="distribution-rest"></span>
    <span class="pg-dist-legend">
      <span><i class="pg-dist-swatch pg-dist-swatch-before"></i>the model’s own</span>
      <span><i class="pg-dist-swatch pg-dist-swatch-after"></i>after the sliders</span>
    </span>
  </div>
  <div class="pg-dist-hint" data-testid="distribution-hint">
    Type a prompt and choose a run: the most likely next tokens appear here.
  </div>
</div>
"""  # noqa: E501

# What gr.Slider hands over goes to the chart of that name, now or, while its tab is not built yet, later.
_MOVED = """
(...sliders) => {
  (window.pgDistribution ??= {})[KEY] = sliders;
  document.getElementById(KEY)?.querySelector(".pg-dist")?.__distribution?.redraw();
}
"""


def pack_distribution(
    logits: np.ndarray, label: Callable[[int], str], context: str, source: str, seen: Iterable[int] = ()
) -> dict[str, Any]:
    """Return the value of a Distribution: the sorted logits of the next token, the likeliest ones named.

    logits: one number per token of the vocabulary, shape (d_vocab,); -inf is allowed. Tied tokens stay in
    id order. label: what to show for a token id. context and source are shown as they are. seen: the tokens
    so far, which a repetition penalty makes less likely.
    Raises ValueError if logits is not a vector, is empty, or holds NaN, +inf or nothing but -inf.
    """
    logits = np.asarray(logits, dtype=np.float32)
    if logits.ndim != 1 or logits.size == 0:
        raise ValueError(
            f"logits must be a vector with one number per token, but its shape is {logits.shape}."
        )
    if not np.isfinite(logits.max()):
        raise ValueError(f"The largest of the logits must be a finite number, but it is {logits.max()}.")
    order = np.argsort(-logits, kind="stable")
    ids = order[:MAX_LABELS].tolist()
    return {
        "labels": [label(token) for token in ids],
        "ids": ids,
        "logits": base64.b64encode(logits[order].astype("<f4").tobytes()).decode("ascii"),
        "context": context,
        "source": source,
        "seen": np.flatnonzero(np.isin(order, list(set(seen)))).tolist(),
    }


class Distribution(gr.HTML):
    """Bars of the 20 most likely next tokens, before and after the rules.

    Its value is what pack_distribution returns (or that as JSON text), None before there is one.
    elem_id tells several charts on one page apart.
    """

    def __init__(self, value: dict[str, Any] | str | None = None, *, elem_id: str = "distribution", **kwargs):
        super().__init__(
            value,
            elem_id=elem_id,
            html_template=_HTML,
            css_template=(STATIC / "distribution.css").read_text(encoding="utf-8"),
            js_on_load=_script(),
            apply_default_css=False,
            slider_key=elem_id,
            settings=[1, 0, 1, 0, 1],
            **kwargs,
        )

    def postprocess(self, value: dict[str, Any] | str | None) -> Any:
        """Hand the value to the page."""
        return json.loads(value) if isinstance(value, str) and value else value or None

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {
            "type": "object",
            "description": "labels, ids, logits (base64 of float32), context, source, seen",
        }


def connect(distribution: Distribution, *sliders: gr.Slider) -> None:
    """Redraw a distribution in the browser whenever a slider moves or is set.

    They are, in this order: temperature, top-k, top-p, min-p and repetition penalty; the last may be missing.
    """
    distribution.props["settings"] = [slider.value for slider in sliders]
    gr.on(
        [event for slider in sliders for event in (slider.input, slider.change)],
        fn=None,
        inputs=list(sliders),
        outputs=None,
        js=_MOVED.replace("KEY", json.dumps(distribution.elem_id)),
        trigger_mode="multiple",  # the page itself draws once per frame
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def _script() -> str:
    files = ("reshape.js", "distribution.js")
    return "\n".join((STATIC / file).read_text(encoding="utf-8") for file in files)
