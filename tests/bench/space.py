"""A Space from nothing: `python -m tests.bench.space [--environment FOLDER]`.

It writes the folder that is pushed, installs its pinned versions into a new virtual environment,
starts the page there as a Space does, and asks it for a diagnosis and a restoration.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from gradio_client import Client, handle_file

from tests.support import space

START_S = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, help="of an earlier run, instead of a new one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "space")
        print("| part | measured |\n|---|---|")
        print(f"| folder | {space.write(folder) / 1e6:.0f} MB |", flush=True)
        python = installed(options.environment or Path(name, "venv"), folder)
        print(f"| {served(folder, python, Path(name))} |", flush=True)


def installed(environment: Path, folder: Path) -> Path:
    """The Python of a virtual environment that has the folder's requirements and nothing else."""
    python = environment / "bin" / "python"
    if not python.is_file():
        started_s = time.monotonic()
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
        subprocess.run([*pip, "-r", str(folder / "requirements.txt")], check=True)
        files = [path for path in environment.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        print(f"| install | {time.monotonic() - started_s:.0f} s, {size / 1e9:.1f} GB |")
    subprocess.run([str(python), "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)
    return python


def served(folder: Path, python: Path, temporary: Path) -> str:
    """Starts the folder as a Space does, and uses it as a stranger would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started_s = time.monotonic()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "SPACE_ID": "someone/wavemend", "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(temporary / "gradio"),
    }  # fmt: skip
    server = subprocess.Popen(
        [str(python), "app.py"], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        health = wait(f"http://127.0.0.1:{port}/health", server)
        ready_s = time.monotonic() - started_s
        client = Client(f"http://127.0.0.1:{port}", verbose=False, download_files=str(temporary))
        example = handle_file(sorted((folder / "assets" / "examples").glob("*.flac"))[0])
        diagnosis = client.predict(example, api_name="/diagnose")
        path, report = client.predict(example, "old-recording", "", "flac", api_name="/restore")
        kilobytes, n_findings = Path(path).stat().st_size / 1e3, len(diagnosis["findings"])
        ready = f"page | {health['status']} after {ready_s:.0f} s; /diagnose: {n_findings} findings"
        return f"{ready}; /restore: {kilobytes:.0f} kB, {report['seconds']:.1f} s of sound"
    finally:
        server.terminate()
        server.wait(60)


def wait(url: str, server: subprocess.Popen[bytes]) -> dict[str, str]:
    """What a server says of itself, once it is there."""
    until = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                state: dict[str, str] = json.loads(answer.read())
            return state
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


if __name__ == "__main__":
    main()
