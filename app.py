"""Serves the workbench: `python app.py [--host 127.0.0.1] [--port 7860] [--share]`."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Sequence

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

HOST_HELP = """address to listen on. Visitors from other machines (--share too) are taken for
strangers: limits and quotas apply, and each sees only their own; WAVEMEND_SHARED=0 or 1 decides"""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; a Space sets GRADIO_SERVER_NAME and GRADIO_SERVER_PORT instead."""
    parser = argparse.ArgumentParser(description="Serve the restoration workbench.")
    host, port = os.environ.get("GRADIO_SERVER_NAME"), os.environ.get("GRADIO_SERVER_PORT")
    parser.add_argument("--host", default=host or "127.0.0.1", help=HOST_HELP)
    parser.add_argument("--port", type=int, default=int(port or 7860), help="port to listen on")
    parser.add_argument("--share", action="store_true", help="also open a public gradio.live link")
    return parser.parse_args(argv)


def is_open_to_others(options: argparse.Namespace) -> bool:
    """Whether the page can be reached from other machines."""
    own = options.host in ("localhost", "::1", "[::1]") or options.host.startswith("127.")
    return options.share or not own


def main(argv: Sequence[str] | None = None) -> None:
    """Builds the page and serves it until interrupted; nothing of it stays on disk."""
    options = arguments(argv)
    if is_open_to_others(options):
        os.environ.setdefault("WAVEMEND_SHARED", "1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from ui.server_folder import entered

    status = 0
    try:
        with entered():
            serve(options)
    except OSError as error:
        print(f"app.py: {error}", file=sys.stderr)
        status = 1
    except (SystemExit, KeyboardInterrupt):
        pass
    sys.stdout.flush()
    os._exit(status)  # threads that still decode or draw would hold up a plain exit


def serve(options: argparse.Namespace) -> None:
    """Serves the page until the process is told to end."""
    from ui import zero_gpu

    zero_gpu.prepare()
    gc.disable()  # what is imported and built stays: searching it for garbage takes half a second
    from ui.page import build, launch_options

    page = build()
    gc.freeze()
    gc.enable()
    try:
        page.launch(
            server_name=options.host, server_port=options.port, share=options.share,
            **launch_options(),
        )  # fmt: skip
    finally:
        page.host.close()


if __name__ == "__main__":
    main()
