"""Serves the workbench: `python app.py [--host 127.0.0.1] [--port 7860] [--share]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; a Space sets GRADIO_SERVER_NAME and GRADIO_SERVER_PORT instead."""
    parser = argparse.ArgumentParser(description="Serve the restoration workbench.")
    host, port = os.environ.get("GRADIO_SERVER_NAME"), os.environ.get("GRADIO_SERVER_PORT")
    parser.add_argument("--host", default=host or "127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=int(port or 7860), help="port to listen on")
    parser.add_argument("--share", action="store_true", help="also open a public gradio.live link")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Builds the page and serves it until interrupted."""
    options = arguments(argv)

    from ui.page import build, launch_options

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that temporary files go

    build().launch(
        server_name=options.host, server_port=options.port, share=options.share, **launch_options()
    )


if __name__ == "__main__":
    main()
