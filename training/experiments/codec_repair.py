"""How well a net repairs neural-codec damage: held-out speakers through our codec.

The net restores the whole band; nothing that the codec made is put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.checkpoint import load_for_training
from training.data.clips import read_clips
from training.evaluation.cases import CODEC_KBPS, codec_cases, codec_label
from training.evaluation.scores import mean_scores, score_codec
from training.evaluation.validation import restored

FIGURES = ("lsd_12k", "mel_12k", "lsd")


def report(checkpoint: Path, folders: list[Path], speaker: str) -> Iterator[str]:
    """Lines of a table: LSD and mel distance up to 12 kHz, and LSD, at each bit rate.

    Args:
        checkpoint: its folder.
        folders: recordings with a manifest.
        speaker: held-out group, beside the validation kinds.

    Raises:
        ValueError: no recording of the speaker or of a validation kind.
    """
    net = load_for_training(checkpoint).eval()
    rate = net.config.sample_rate
    clips = read_clips(folders, rate, {"speech"})
    held = [clip for clip in clips if clip.group == speaker or clip.kind.startswith("validation")]
    if not held:
        raise ValueError(f"no recording of {speaker} or of a validation kind")
    cases = codec_cases(held, rate)
    means = mean_scores([score_codec(restored(net, c.degraded), c, rate) for c in cases])
    yield f"{checkpoint.name}: {len(held)} recordings, {len(cases)} cases"
    yield "| bit rate | LSD to 12 kHz | mel to 12 kHz, dB | LSD |\n|---|---|---|---|"
    for label in map(codec_label, CODEC_KBPS):
        yield _row(label, means.by_label[label])
    yield _row("all", means.figures)


def _row(label: str, figures: dict[str, float]) -> str:
    pairs = [f"{figures[f'{name}_input']:.2f} -> {figures[name]:.2f}" for name in FIGURES]
    return f"| {label} | {' | '.join(pairs)} |"
