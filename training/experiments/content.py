"""Trains the content classifier and measures it on groups that it has not heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from models.card import CLASSES
from models.checkpoint import save_checkpoint
from models.content_classifier import ContentClassifier, ContentClassifierConfig
from pipeline.dsp.log_mel import log_mel
from training.data.clips import Clip
from training.experiments.content_examples import (
    Library,
    damaged,
    draw,
    read_pieces,
    split,
)
from training.runs.ship import LICENCE, sources

SHARES = {"speech": 0.35, "music": 0.3, "singing": 0.15, "other": 0.2}
EXAMPLES, BATCH, EPOCHS, FRAMES = 8000, 32, 8, 200
RATES = (2e-3, 1e-3)  # peak learning rate of each cycle of EPOCHS
SMOOTHING = 0.02  # of the labels
MOST_CLIPS = 60  # held out, of each class
TEMPERATURES = np.geomspace(0.5, 4, 31)
SURE = 0.9
TITLE, SUMMARY = (
    "Content classifier, 16 kHz",
    "Tells speech, music, singing and other sound apart; the diagnosis asks it.",
)

Scored = list[tuple[int, np.ndarray]]
"""Each recording's class and scores."""


def report(folders: Sequence[Path], into: Path, n_examples: int = EXAMPLES) -> Iterator[str]:
    """Trains on the datasets, writes the checkpoint `into` and yields the tables' lines."""
    train, held = split(read_pieces(folders))
    yield f"{len(train)} pieces to learn from, {len(held)} held out"
    net = fit(*examples(Library.of(train), n_examples))
    library = Library.of(held)
    tuning, test = scored(net, library, 0), scored(net, library, 1)
    cooled(net, temperature([one for some in tuning.values() for one in some]))
    test = scored(net, library, 1)
    metrics = {title: accuracy(some) for title, some in test.items()}
    groups = sorted({clip.group for clip in train})
    save_checkpoint(
        net, into, half=True, title=TITLE, summary=SUMMARY, content="any", metrics=metrics,
        step=len(RATES) * EPOCHS * (n_examples // BATCH), licence=LICENCE,
        data=sources(list(folders), groups),
        training={"examples": n_examples, "epochs": EPOCHS, "learning_rates": list(RATES)},
    )  # fmt: skip
    yield from table(test)


def examples(library: Library, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Log-mel spectra and the numbers of their classes; example i depends on i only."""
    spectra, labels = [], []
    for index in range(count):
        rng = np.random.default_rng([7, index])
        name = str(rng.choice(CLASSES, p=[SHARES[name] for name in CLASSES]))
        spectra.append(log_mel(draw(library, name, rng)).astype(np.float16))
        labels.append(CLASSES.index(name))
    return spectra, np.array(labels)


def fit(spectra: list[np.ndarray], labels: np.ndarray) -> ContentClassifier:
    """A net trained in two cycles of the learning rate."""
    torch.manual_seed(0)
    net, rng = ContentClassifier(ContentClassifierConfig()), np.random.default_rng(0)
    steps = len(spectra) // BATCH
    for peak in RATES:
        optimiser = torch.optim.AdamW(net.parameters(), peak, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, peak, total_steps=EPOCHS * steps + 1
        )
        for _ in range(EPOCHS):
            for some in rng.permutation(len(spectra))[: steps * BATCH].reshape(steps, BATCH):
                scores = net(torch.from_numpy(_batch([spectra[i] for i in some], rng)))
                loss = torch.nn.functional.cross_entropy(
                    scores, torch.from_numpy(labels[some]), label_smoothing=SMOOTHING
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
    return net.eval()


def scored(net: ContentClassifier, library: Library, half: int) -> dict[str, Scored]:
    """Scores of the library's clips of one half of the groups, as they are and damaged."""
    results: dict[str, Scored] = {"as they are": [], "damaged": []}
    for number, name in enumerate(CLASSES):
        for index, clip in enumerate(_half(library.clips[name], half)):
            rng = np.random.default_rng([half, number, index])
            for title, sound in (
                ("as they are", clip.samples),
                ("damaged", damaged(library, name, clip.samples, rng)),
            ):
                with torch.inference_mode():
                    scores = net(torch.from_numpy(log_mel(sound))[None])[0].numpy()
                results[title].append((number, scores))
    return results


def temperature(some: Scored) -> float:
    """The divisor of the scores that makes the true classes most likely."""
    return float(min(TEMPERATURES, key=lambda divisor: _surprise(some, divisor)))


def cooled(net: ContentClassifier, divisor: float) -> None:
    """Divides the net's scores."""
    with torch.no_grad():
        for parameter in net.head[-1].parameters():
            parameter.div_(divisor)


def accuracy(some: Scored) -> dict[str, float]:
    """Share of the recordings of each class that are told right."""
    return {
        name: round(float(np.mean([scores.argmax() == at for at, scores in of_class])), 3)
        for number, name in enumerate(CLASSES)
        if (of_class := [one for one in some if one[0] == number])
    }


def table(test: dict[str, Scored]) -> Iterator[str]:
    """Accuracy by class, and how often what is called sure is right."""
    yield f"| recordings | {' | '.join(CLASSES)} | called {SURE:.0%} sure | of these right |"
    yield "|---" * (len(CLASSES) + 3) + "|"
    for title, some in test.items():
        cells = [f"{accuracy(some).get(name, float('nan')):.0%}" for name in CLASSES]
        sure = [scores.argmax() == at for at, scores in some if _chances(scores).max() >= SURE]
        shares = f"{len(sure) / len(some):.0%} | {np.mean(sure):.1%}"
        yield f"| {title}, {len(some)} | {' | '.join(cells)} | {shares} |"


def _half(clips: Sequence[Clip], half: int) -> list[Clip]:
    """Clips of every other group, the groups in turn."""
    groups = sorted({clip.group for clip in clips})
    of_group = {name: [clip for clip in clips if clip.group == name] for name in groups}
    chosen = list(of_group.values())[half::2]
    longest = max(map(len, chosen), default=0)
    turns = [clips[at] for at in range(longest) for clips in chosen if at < len(clips)]
    return turns[:MOST_CLIPS]


def _batch(spectra: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """(B, bands, N): a random piece of each, as long as the shortest, FRAMES at most."""
    length = min(FRAMES, *(spectrum.shape[1] for spectrum in spectra))
    pieces = []
    for spectrum in spectra:
        start = int(rng.integers(spectrum.shape[1] - length + 1))
        pieces.append(spectrum[:, start : start + length])
    return np.stack(pieces).astype(np.float32)


def _chances(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _surprise(some: Scored, divisor: float) -> float:
    return -float(np.mean([np.log(_chances(scores / divisor)[at] + 1e-9) for at, scores in some]))
