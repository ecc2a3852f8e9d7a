"""The page: everything that knows Gradio, and the only package that may import it."""
