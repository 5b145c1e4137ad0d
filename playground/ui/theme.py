"""The look of the page: colours, type and spacing, light and dark; nothing is fetched from outside."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

HEADER_HTML = """
<header class="pg-header">
  <h1>Transformer Playground</h1>
  <p>
    Train a small language model in your browser
    and watch its loss fall through what counting alone can do.
  </p>
</header>
"""

CSS = (Path(__file__).parent / "static" / "page.css").read_text(encoding="utf-8")


# Every text colour is at least 4.5:1 on what it stands on.
_COLOURS = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "#0d1220",
    "background_fill_primary": "white",
    "background_fill_primary_dark": "#0d1220",
    "background_fill_secondary": "*neutral_100",
    "background_fill_secondary_dark": "*neutral_800",
    "body_text_color": "*neutral_800",
    "body_text_color_dark": "*neutral_100",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_400",
    "color_accent": "*primary_600",
    "border_color_primary_dark": "*neutral_700",
    "block_background_fill": "white",
    "block_background_fill_dark": "#151c2c",
    "block_info_text_color": "*neutral_600",
    "block_info_text_color_dark": "*neutral_400",
    "block_label_text_color": "*neutral_700",
    "block_label_text_color_dark": "*neutral_200",
    "block_title_text_color": "*neutral_700",
    "block_title_text_color_dark": "*neutral_200",
    "block_title_text_weight": "600",
    "input_background_fill": "white",
    "input_background_fill_dark": "#0d1220",
    "input_border_width": "1px",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "*neutral_600",
    "input_border_color_focus": "*primary_500",
    "input_border_color_focus_dark": "*primary_400",
    "input_placeholder_color": "*neutral_500",
    "input_placeholder_color_dark": "*neutral_400",
    "link_text_color": "*primary_700",
    "link_text_color_dark": "*primary_300",
    "link_text_color_hover": "*primary_800",
    "link_text_color_hover_dark": "*primary_200",
    "link_text_color_visited": "*primary_700",
    "link_text_color_visited_dark": "*primary_300",
    "slider_color": "*primary_600",
    "slider_color_dark": "*primary_500",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_dark": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_hover_dark": "*primary_700",
    "button_primary_border_color": "*primary_600",
    "button_primary_text_color": "white",
    "button_secondary_background_fill": "white",
    "button_secondary_background_fill_dark": "*neutral_700",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_hover_dark": "*neutral_600",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_600",
    "button_secondary_text_color": "*neutral_800",
    "button_secondary_text_color_dark": "*neutral_100",
    "button_border_width": "1px",
    "button_cancel_background_fill": "white",
    "button_cancel_background_fill_dark": "*neutral_700",
    "button_cancel_border_color": "#b91c1c",
    "button_cancel_border_color_dark": "#f87171",
    "button_cancel_text_color": "#b91c1c",
    "button_cancel_text_color_dark": "#fca5a5",
    "error_background_fill": "#fef2f2",
    "error_background_fill_dark": "#2a1620",
    "error_border_color": "#dc2626",
    "error_border_color_dark": "#f87171",
    "error_text_color": "#991b1b",
    "error_text_color_dark": "#fecaca",
    "shadow_drop": "none",
    "block_shadow": "none",
}


def _theme() -> gr.themes.Base:
    """Build the theme, from fonts that the visitor's system has."""
    base = gr.themes.Base(
        primary_hue="indigo",
        secondary_hue="indigo",
        neutral_hue="slate",
        spacing_size="md",
        radius_size="md",
        text_size="md",
        font=[
            "system-ui",
            "-apple-system",
            "'Segoe UI'",
            "Roboto",
            "'Helvetica Neue'",
            "Arial",
            "sans-serif",
        ],
        font_mono=["ui-monospace", "'SF Mono'", "Menlo", "Consolas", "'DejaVu Sans Mono'", "monospace"],
    )
    return base.set(**_COLOURS)


THEME = _theme()
