"""`python -m tests.support.lint_assets BIOME`: lints the page's scripts and style sheets.

The scripts of a component are joined into one, as the page joins them, so that what one file
defines and another uses counts as used; what Biome reports is shown by file and line.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ui.components import chain_editor, example_cards, player
from ui.listen import booth

COMPONENTS = (chain_editor, example_cards, player, booth)
ASSETS = Path(__file__).resolve().parents[2] / "assets"
REPORT = re.compile(
    r"::(?:error|warning|notice) title=(.*?),file=(.*?),line=(\d+).*?,col=(\d+).*?::(.*)"
)


def bundles() -> dict[str, list[Path]]:
    """The scripts that run as one, by the name of the last; every other script by itself."""
    joined = [[ASSETS / "js" / name for name in part.SCRIPTS] for part in COMPONENTS]
    rest = sorted({*(ASSETS / "js").glob("*.js")} - {path for paths in joined for path in paths})
    return {paths[-1].name: paths for paths in (*joined, *([path] for path in rest))}


def join(paths: list[Path]) -> tuple[str, list[str]]:
    """The text of some files as one, and for each of its lines the file and line it comes from."""
    lines = [
        (line, f"{path.relative_to(ASSETS.parent)}:{number}")
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]
    return "\n".join(line for line, _ in lines) + "\n", [origin for _, origin in lines]


def lint(biome: str) -> list[str]:
    """What Biome reports, a line each: file, line, column, rule and message."""
    with tempfile.TemporaryDirectory() as folder:
        origins = {}
        for name, paths in bundles().items():
            text, origins[name] = join(paths)
            (Path(folder) / name).write_text(text, "utf-8")
        for sheet in (ASSETS / "css").glob("*.css"):
            text, origins[sheet.name] = join([sheet])
            (Path(folder) / sheet.name).write_text(text, "utf-8")
        command = [biome, "lint", f"--config-path={ASSETS}", "--reporter=github", "--colors=off"]
        options = ["--max-diagnostics=none", "--error-on-warnings", folder]
        done = subprocess.run([*command, *options], capture_output=True, text=True)
    reports = {
        f"{origins[Path(file).name][int(line) - 1]}:{column}: {rule}: {message}"
        for rule, file, line, column, message in REPORT.findall(done.stdout)
    }
    if done.returncode and not reports:
        reports = {done.stdout + done.stderr}
    return sorted(reports)


if __name__ == "__main__":
    problems = lint(sys.argv[1])
    print("\n".join(problems) or "Scripts and style sheets: all checks passed.")
    sys.exit(bool(problems))
