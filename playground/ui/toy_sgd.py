"""Why the learning rate matters: SGD on a sum of squares, as a picture that follows the pointer.

The problem and its four rates are those of Stanford's CS336, assignment 1: minimise the mean of 100 squared
weights with SGD whose rate falls as lr / sqrt(t + 1).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

FOLDER = Path(__file__).parent / "static" / "settings"
RATES = (1, 10, 100, 1000)

_HTML = """
<details class="pg-set-group pg-toy" data-testid="toy-sgd">
  <summary><span>Why the learning rate matters</span></summary>
  <div>
    <p class="pg-note">The smallest problem there is: 100 weights, all at 5, and the loss is the mean of their
    squares. SGD takes them downhill, at a rate that falls with the root of the step.
    Drag over the picture.</p>
    <svg viewBox="0 0 300 170" role="img"
      aria-label="The loss over ten steps, for several learning rates"></svg>
    <input type="range" min="0" max="400" aria-label="Learning rate of the toy problem">
    <div class="pg-toy-rates">BUTTONS</div>
    <p class="pg-note" data-part="verdict" role="status"></p>
    <p class="pg-note">Each step multiplies every weight by 1 − 2 lr / (100 √(t + 1)). Between −1 and 1 it
    shrinks; beyond that it grows. A model has a bottom of another width in every direction: the rate must
    suit the narrowest one.</p>
  </div>
</details>
"""


class ToySGD(gr.HTML):
    """The picture; its own script works everything out."""

    def __init__(self, **kwargs: Any) -> None:
        buttons = "".join(f'<button type="button" value="{rate}">{rate:,}</button>' for rate in RATES)
        super().__init__(
            None,
            html_template=_HTML.replace("BUTTONS", buttons),
            js_on_load="\n".join(
                (FOLDER / name).read_text(encoding="utf-8") for name in ("toy_sgd.js", "toy_view.js")
            ),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page: there is none."""
        return {"type": "null", "description": "none"}
