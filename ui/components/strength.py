"""How much a recipe does, in one control: the settings that it changes, and by what factor."""

from __future__ import annotations

LEVELS = ("gentle", "normal", "strong")

FACTORS: dict[str, dict[str, tuple[float, float, float]]] = {
    "declick": {"sensitivity": (0.6, 1.0, 1.4)},
    "dequantize": {"cycles": (0.5, 1.0, 2.0)},
    "denoise": {"reduction_db": (0.5, 1.0, 1.5)},
    "snmf": {"reduction_db": (0.5, 1.0, 1.5)},
    "mask_unet": {"mix": (0.6, 1.0, 1.0)},
    "wavenet": {"mix": (0.6, 1.0, 1.0)},
    "enhance": {"mix": (0.6, 1.0, 1.0)},
    "tone": {"tilt_db": (0.5, 1.0, 2.0)},
}
"""Stage -> knob -> factor at each of LEVELS, on what the recipe says; the knob's range holds."""
