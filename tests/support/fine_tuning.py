"""A run's events, a dataset's report and a verdict, with names that try to be HTML."""

from __future__ import annotations

from training.runs.events import Event

EVIL = "<img src=x onerror=alert(1)>"
EVENTS_OF_A_RUN = [
    Event("start", 100.0),
    Event("base", 101.0, 0, {"score": 2.0, "lsd": 2.0}),
    Event("step", 110.0, 10, {"mel": 3.0, "total": 5.0, "fraction": 0.1, "learning_rate": 1e-4,
                              "audio_seconds_per_second": 8.0}),
    Event("validation", 111.0, 10, {"score": 1.5}),
    Event("step", 130.0, 30, {"mel": 2.0, "total": 4.0, "fraction": 0.3, "learning_rate": 2e-4,
                              "audio_seconds_per_second": 9.0}),
    Event("validation", 131.0, 30, {"score": 1.8}),
    Event("warning", 132.0, 30, {"text": EVIL}),
]  # fmt: skip
REPORT = {
    "rate": 48_000,
    "rows": [
        {"name": f"{EVIL}.wav", "verdict": "left out", "reasons": [EVIL], "rate": 0,
         "seconds": 0.0, "channels": 0, "bandwidth_hz": 0.0, "group": ""},
        {"name": "a.wav", "verdict": "used", "reasons": [], "rate": 48_000, "seconds": 4.0,
         "channels": 1, "bandwidth_hz": 23_000.0, "group": "a"},
        {"name": "b.wav", "verdict": "used with care", "reasons": ["clipped in 9 places"],
         "rate": 44_100, "seconds": 90.0, "channels": 2, "bandwidth_hz": 16_000.0, "group": "b"},
    ],
    "totals": {"files": 3, "used": 1, "used_with_care": 1, "left_out": 1, "minutes": 1.6,
               "used_minutes": 1.57},
    "split": {"by": "file", "seed": 0, "trained": ["b"], "held_out": ["a"]},
    "warnings": [EVIL],
}  # fmt: skip
VERDICT = {
    "overall": "worse", "base": 2.0, "now": 2.2, "change": 0.2, "low": 0.1, "high": 0.3,
    "files": [{"name": EVIL, "base": 2.0, "now": 2.2, "verdict": "worse"}],
    "text": "Worse than the base: on 1 held-out recording (4 pieces). Keep the base.",
}  # fmt: skip
