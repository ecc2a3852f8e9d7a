"""`python -m training.experiments.codec_repair CHECKPOINT FOLDER`: how a net repairs codec damage.

Held-out speakers go through the codec at each bit rate; the net redoes all of it, and nothing that
the codec made is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from models.checkpoint import find, load_for_training, read_card, search_path
from training.data.clips import read_clips
from training.evaluation.cases import CODED_KBPS, coded_cases, measure_coded
from training.evaluation.validation import means, restored


def main(
    checkpoint: Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")],
    folder: Annotated[list[Path], typer.Argument(help="Recordings with a manifest.")],
    speaker: Annotated[str, typer.Option(help="Held out, beside validation kinds.")] = "vctk_p286",
) -> None:
    """Prints, for each bit rate, LSD and mel distance up to 12 kHz, and LSD over all."""
    there = Path(checkpoint)
    card = read_card(there) if there.is_dir() else find(checkpoint, search_path())
    net = load_for_training(card.folder).eval()
    rate = net.config.sample_rate
    clips = read_clips(folder, rate, {"speech"})
    held = [clip for clip in clips if clip.group == speaker or clip.kind.startswith("validation")]
    if not held:
        sys.exit(f"no recording of {speaker} or of a validation kind")
    cases = coded_cases(held, rate)
    row = means([measure_coded(restored(net, case.degraded), case, rate) for case in cases])
    print(f"{card.name}: {len(held)} recordings, {len(cases)} cases")
    print("| kbit/s | LSD to 12 kHz | mel to 12 kHz, dB | LSD |\n|---|---|---|---|")
    for end in [*(f"@{kbps:g}kbps" for kbps in CODED_KBPS), ""]:
        pairs = [
            f"{row[f'{name}_input{end}']:.2f} -> {row[f'{name}{end}']:.2f}"
            for name in ("lsd_12k", "mel_12k", "lsd")
        ]
        print(f"| {end.strip('@kbps') or 'all'} | " + " | ".join(pairs) + " |")


if __name__ == "__main__":
    typer.run(main)
