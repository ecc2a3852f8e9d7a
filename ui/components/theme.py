"""Gradio's theme; assets/css/style.css does the rest."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).parents[2] / "assets"

SANS = ("Inter", "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Cascadia Mono", "Menlo", "Consolas", "monospace")

_SAME = {
    "body_background_fill": "var(--wm-bg)",
    "body_text_color": "var(--wm-ink)",
    "body_text_color_subdued": "var(--wm-muted)",
    "background_fill_primary": "var(--wm-panel)",
    "background_fill_secondary": "var(--wm-bg)",
    "border_color_primary": "var(--wm-line)",
    "border_color_accent": "var(--wm-accent)",
    "color_accent_soft": "var(--wm-accent-soft)",
    "block_background_fill": "transparent",
    "block_border_color": "var(--wm-line)",
    "block_label_background_fill": "transparent",
    "block_label_text_color": "var(--wm-muted)",
    "block_title_text_color": "var(--wm-ink)",
    "block_info_text_color": "var(--wm-muted)",
    "panel_background_fill": "transparent",
    "input_background_fill": "var(--wm-field)",
    "input_border_color": "var(--wm-line)",
    "input_border_color_focus": "var(--wm-accent)",
    "input_placeholder_color": "var(--wm-muted)",
    "link_text_color": "var(--wm-accent)",
    "slider_color": "var(--wm-accent)",
    "checkbox_background_color": "var(--wm-field)",
    "checkbox_background_color_selected": "var(--wm-accent)",
    "checkbox_border_color": "var(--wm-line-strong)",
    "checkbox_border_color_selected": "var(--wm-accent)",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_hover": "transparent",
    "checkbox_label_background_fill_selected": "transparent",
    "checkbox_label_border_color": "var(--wm-line)",
    "checkbox_label_text_color": "var(--wm-ink)",
    "checkbox_label_text_color_selected": "var(--wm-ink)",
    "button_primary_background_fill": "var(--wm-accent)",
    "button_primary_background_fill_hover": "var(--wm-accent-strong)",
    "button_primary_border_color": "var(--wm-accent)",
    "button_primary_border_color_hover": "var(--wm-accent-strong)",
    "button_primary_text_color": "var(--wm-on-accent)",
    "button_primary_text_color_hover": "var(--wm-on-accent)",
    "button_secondary_background_fill": "var(--wm-field)",
    "button_secondary_background_fill_hover": "var(--wm-hover)",
    "button_secondary_border_color": "var(--wm-line-strong)",
    "button_secondary_border_color_hover": "var(--wm-line-strong)",
    "button_secondary_text_color": "var(--wm-ink)",
    "button_secondary_text_color_hover": "var(--wm-ink)",
    "button_cancel_background_fill": "var(--wm-field)",
    "button_cancel_background_fill_hover": "var(--wm-hover)",
    "button_cancel_border_color": "var(--wm-bad)",
    "button_cancel_border_color_hover": "var(--wm-bad)",
    "button_cancel_text_color": "var(--wm-bad)",
    "button_cancel_text_color_hover": "var(--wm-bad)",
    "shadow_drop": "none",
    "shadow_drop_lg": "none",
    "block_shadow": "none",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "checkbox_shadow": "none",
}

_ONCE = {
    "color_accent": "var(--wm-accent)",
    "block_border_width": "0px",
    "block_padding": "0",
    "block_label_text_size": "12px",
    "block_title_text_size": "12px",
    "block_title_text_weight": "500",
    "block_info_text_size": "12px",
    "body_text_size": "13px",
    "input_text_size": "13px",
    "checkbox_label_text_size": "13px",
    "button_small_text_size": "12px",
    "button_medium_text_size": "13px",
    "button_large_text_size": "13px",
    "button_small_padding": "3px 9px",
    "button_medium_padding": "5px 12px",
    "button_large_padding": "6px 14px",
    "button_large_text_weight": "550",
    "button_transition": "none",
    "button_border_width": "1px",
    "layout_gap": "10px",
    "form_gap_width": "0px",
    "input_padding": "4px 8px",
    "input_border_width": "1px",
    "checkbox_border_width": "1px",
    "checkbox_border_radius": "3px",
    "container_radius": "4px",
    "checkbox_label_padding": "2px 0",
    "checkbox_label_gap": "4px",
    "checkbox_label_border_width": "0px",
}


def theme() -> gr.themes.Base:
    """System fonts (nothing is fetched from elsewhere), small radii, colours from style.css."""
    look = gr.themes.Base(
        font=SANS,
        font_mono=MONO,
        text_size=gr.themes.sizes.text_sm,
        spacing_size=gr.themes.sizes.spacing_sm,
        radius_size=gr.themes.sizes.radius_sm,
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
    )
    known = vars(look)
    dark = {f"{name}_dark": value for name, value in _SAME.items() if f"{name}_dark" in known}
    look.name = "wavemend"
    return look.set(**_SAME, **dark, **_ONCE)
