"""How the page looks: Gradio's theme, the few rules that reach into Gradio's own widgets, and the head's script."""

from __future__ import annotations

import gradio as gr

from hesp.ui.parts import read_static

SYSTEM_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONOSPACE_FONTS = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]


def page_theme() -> gr.themes.Base:
    """A calm theme for light and dark, with the fonts of the visitor's own system."""
    theme = gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="slate",
        radius_size="lg",
        font=SYSTEM_FONTS,
        font_mono=MONOSPACE_FONTS,
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        # the theme's own grey is too faint to read: 2.6:1 on white
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="0 1px 2px rgba(15, 23, 42, .05), 0 4px 16px rgba(15, 23, 42, .04)",
        block_shadow_dark="none",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_cancel_background_fill="*neutral_200",
        button_cancel_background_fill_hover="*neutral_300",
        button_cancel_background_fill_dark="*neutral_700",
        button_cancel_background_fill_hover_dark="*neutral_600",
        button_cancel_text_color="*neutral_800",
        button_cancel_text_color_dark="white",
    )


def page_head() -> str:
    """Rules for the page as a whole, and the script that says what the clip input leaves unsaid.

    In the head and not in launch(css=): Gradio would confine each rule to the inside of its own container.
    """
    return f"<style>{read_static('page.css')}</style><script>{read_static('clip_input.js')}</script>"
