"""The models of "Wave-U-Net" (Stoller, Ewert and Dixon 2018), and what the paper says of them."""

from __future__ import annotations

from typing import Any

from training.tables.table import Row, Table

TITLE = "Wave-U-Net (Stoller, Ewert and Dixon 2018): voice and accompaniment"
STATISTICS = ("Med.", "MAD", "Mean", "SD")
SOURCES = {"Voc.": 1, "Acc.": 0}  # row of each source
COLUMNS = tuple(f"{source} {name}" for source in SOURCES for name in STATISTICS)
FRAMES = 16_384 / 22_050  # seconds of a window of M1 and M2

MODELS: dict[str, tuple[str, dict[str, Any]]] = {  # name: (config, changes)
    "M1": ("wave-unet", {"config": {"size": "M1"}, "seconds": FRAMES}),
    "M2": ("wave-unet", {"config": {"size": "M2"}, "seconds": FRAMES}),
    "M3": ("wave-unet", {"config": {"size": "M3"}}),
    "M4": ("wave-unet", {}),
    "M5": ("wave-unet", {"config": {"size": "M5"}}),
    "M7": (
        "wave-unet",
        {
            "config": {"size": "M7"},
            "seconds": 102_405 / 8192,
            "phases": (
                {"learning_rate": 1e-4, "batch": 4, "patience": 20},
                {"learning_rate": 1e-5, "batch": 8, "patience": 20},
            ),
        },
    ),
    "U7": ("spectrogram-unet", {}),
    "U7a": ("spectrogram-unet-magnitude", {}),
}
PAPER = (
    Row("M1", (3.90, 3.04, -0.12, 14.00, 7.45, 2.08, 7.62, 3.93), "paper"),
    Row("M2", (3.92, 3.01, 0.05, 13.63, 7.46, 2.10, 7.68, 3.84), "paper"),
    Row("M3", (3.96, 3.00, 0.31, 13.25, 7.53, 2.11, 7.66, 3.90), "paper"),
    Row("M4", (4.46, 3.21, 0.65, 13.67, 10.69, 3.15, 11.85, 7.03), "paper"),
    Row("M5", (4.58, 3.28, 0.55, 13.84, 10.66, 3.10, 11.74, 7.05), "paper"),
    Row("M7", (3.49, 2.71, -0.23, 13.00, 7.12, 2.04, 7.15, 4.10), "paper"),
    Row("U7", (2.76, 2.46, -0.66, 12.38, 6.76, 2.00, 6.90, 3.67), "paper"),
    Row("U7a", (2.74, 2.54, 0.51, 10.82, 6.68, 2.04, 6.85, 3.60), "paper"),
)
PAPER_M6 = Table(
    "The paper's table 3, M6: SDR in dB of four sources",
    STATISTICS,
    (
        Row("Vocals", (3.0, 2.76, -2.10, 15.41), "paper"),
        Row("Other", (2.03, 1.64, 1.68, 6.14), "paper"),
        Row("Bass", (2.91, 2.47, -0.30, 13.50), "paper"),
        Row("Drums", (4.15, 1.99, 2.88, 7.68), "paper"),
    ),
)
DIFFERS = (
    "The paper learns from MUSDB and CCMixer and tests on 50 songs. Here voices are mixed with "
    "music that they do not belong to, at equal level, in mono: what M4 and M5 gain by stereo does "
    "not show.",
    "M6 is built, and not measured: there are 16 seconds of bass beside one song.",
    "Each network is measured at its own rate, 22.05 or 8.192 kHz.",
    "Nearly silent segments have a target below -60 dBFS; silent ones have no ratio.",
)
