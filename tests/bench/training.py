"""Training: audio-seconds a second of each recipe's whole step, and what an example costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.timing import RATE, Row, median_seconds, speech
from training.config import TrainingConfig, read_config

RECIPES = Path("training/configs")
SPEECH = "enhancer-speech"
TIMED = (SPEECH, f"{SPEECH}-adversary", "enhancer-waveform", "neural-codec", "mask-unet",
         "wavenet")  # fmt: skip
STEPS = 3  # of a measurement: each looks at one of three resolutions
TURN = 1000  # of the first step: by then an adversary is heard
EXAMPLES = 200


def measure(row: Row) -> None:
    """Prints the rows."""
    for name in TIMED:
        row(f"training, {name}", speed(read_config(RECIPES / f"{name}.json")), "audio-s a second")
    recipe = read_config(RECIPES / f"{SPEECH}.json")
    taken_s, reference_s = example_seconds(recipe), resampling_seconds()
    note = f"of one core; {taken_s / reference_s:.1f} of soxr 48 to 24 to 48 kHz"
    row(f"examples, {SPEECH}", 1e3 * taken_s, "ms each", note)


def speed(recipe: TrainingConfig) -> float:
    """Seconds of audio a second that a learner takes in; its batch is noise."""
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    from models.registry import build
    from training.learn.learner import Learner

    AcceleratorState._reset_state(True)  # the precision of the recipe before
    net = build(recipe.model, recipe.net_config())
    learner = Learner(net, recipe, Accelerator(mixed_precision=recipe.precision, cpu=True))
    channels = 2 if net.multichannel else 1
    length = round(recipe.seconds * learner.sample_rate)
    clean = 0.1 * torch.randn(recipe.batch, channels, length)
    trust_hz = torch.full((recipe.batch, length // 480), learner.sample_rate / 2)
    batch = {"degraded": clean.flip(-1), "clean": clean, "trust_hz": trust_hz}

    def steps() -> None:
        for turn in range(TURN, TURN + STEPS):
            learner.step(batch, turn, 0.01)

    return STEPS * recipe.batch * recipe.seconds / median_seconds(steps, 3)


def example_seconds(recipe: TrainingConfig) -> float:
    """Processor time of one example, from made-up voices of ten seconds."""
    from training.data.clips import Clip
    from training.data.examples import Examples

    voices = [
        Clip(Path(f"{seed}.wav"), speech(10.0, seed), RATE / 2, f"voice{seed}", "speech")
        for seed in range(12)
    ]
    examples = Examples(voices, recipe, RATE, 2 * EXAMPLES)
    return processor_seconds(lambda index: examples[index])


def resampling_seconds() -> float:
    """Processor time of one second from 48 to 24 kHz and back."""
    import soxr

    sound = speech(1.0)
    return processor_seconds(
        lambda index: soxr.resample(soxr.resample(sound, RATE, RATE // 2), RATE // 2, RATE)
    )


def processor_seconds(work: Callable[[int], object]) -> float:
    """Of one call, the mean of `EXAMPLES` after ten that do not count."""
    for index in range(10):
        work(EXAMPLES + index)
    started = time.process_time()
    for index in range(EXAMPLES):
        work(index)
    return (time.process_time() - started) / EXAMPLES
