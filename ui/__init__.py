"""The page: everything that knows Gradio, and the only package that may import it."""

from ui import gradio_stubs

gradio_stubs.omit()
