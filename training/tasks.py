"""Training tasks: which damage a net learns to undo, and how held-out recordings are scored.

A new task takes three steps: write its damage in `training/data/damages.py`, write its cases and
its score in `training/evaluation/` (or reuse those of another task), and add an entry here. The
command line, the config's check and the page's list follow from the entry.

Each part is named as "module:function" and imported on first use, so that reading this table loads
neither PyTorch nor SciPy.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

EXAMPLES = "training.data.examples:Examples"


@dataclass(frozen=True)
class Task:
    """One kind of damage to learn from.

    Args:
        about: the damage in one line.
        damage_name: function (rng, config) -> damage, drawn anew for each example.
        cases_name: function (clips, sample_rate) -> held-out cases.
        measure_name: function (estimate, case, sample_rate) -> scores of one case.
        examples_name: class of the training examples.
        companions: kinds of recordings that others are mixed with, and that are never restored.
        label: the damage as the page lists it; empty where the page does not offer it.
    """

    about: str
    damage_name: str
    cases_name: str
    measure_name: str
    examples_name: str = EXAMPLES
    companions: tuple[str, ...] = ("noise",)
    label: str = ""

    @property
    def damage(self) -> Callable[..., Callable[..., Any]]:
        return pkgutil.resolve_name(self.damage_name)

    @property
    def cases(self) -> Callable[..., list[Any]]:
        return pkgutil.resolve_name(self.cases_name)

    @property
    def measure(self) -> Callable[..., Any]:
        return pkgutil.resolve_name(self.measure_name)

    @property
    def examples(self) -> Callable[..., Any]:
        return pkgutil.resolve_name(self.examples_name)


TASKS = {
    "world": Task(
        about="band limits and lossy codecs, for enhancers of speech",
        damage_name="training.data.damages:band_limits",
        cases_name="training.evaluation.cases:band_limit_cases",
        measure_name="training.evaluation.scores:score_band_limit",
        label="Low rates and codecs",
    ),
    "music": Task(
        about="the same, at the sample rates that music is cut to",
        damage_name="training.data.damages:music_band_limits",
        cases_name="training.evaluation.cases:music_cases",
        measure_name="training.evaluation.scores:score_band_limit",
        label="Low rates and codecs, music",
    ),
    "lossy_music": Task(
        about="MP3, AAC, Vorbis and Opus, and some band limits, for enhancers of music",
        damage_name="training.data.damages:lossy_music",
        cases_name="training.evaluation.cases:lossy_music_cases",
        measure_name="training.evaluation.scores:score_codec",
        label="Lossy codecs, music",
    ),
    "telephone": Task(
        about="300 to 3400 Hz in mu-law, the same for every example",
        damage_name="training.data.damages:telephone",
        cases_name="training.evaluation.cases:telephone_cases",
        measure_name="training.evaluation.scores:score_band_limit",
        label="A telephone line",
    ),
    "codec": Task(
        about="our neural codec at 1.5 to 6 kbit/s",
        damage_name="training.data.damages:neural_codec",
        cases_name="training.evaluation.cases:codec_cases",
        measure_name="training.evaluation.scores:score_codec",
        label="A neural codec",
    ),
    "speech_codecs": Task(
        about="codecs of speech of many kinds at low bit rates, some sounds as they are",
        damage_name="training.data.damages:speech_codecs",
        cases_name="training.evaluation.cases:codec_cases",
        measure_name="training.evaluation.scores:score_codec",
    ),
    "generated": Task(
        about="coarse steps, clipping, echoes and noise, for nets that clean",
        damage_name="training.data.damages:generated",
        cases_name="training.evaluation.noisy_cases:noisy_cases",
        measure_name="training.evaluation.noisy_cases:score_noisy",
        examples_name="training.data.noisy_examples:NoisyExamples",
        label="Noise, coarse steps, clipping and echoes",
    ),
    "noisy_speech": Task(
        about="noise, babble, music and events behind a voice, some in a room, for denoisers",
        damage_name="training.data.damages:none",
        cases_name="training.evaluation.noisy_speech_cases:noisy_speech_cases",
        measure_name="training.evaluation.noisy_speech_cases:score_noisy_speech",
        examples_name="training.data.noisy_speech:NoisySpeechExamples",
        label="Noise behind a voice",
    ),
    "separation": Task(
        about="a voice over music, or bass, drums and other instruments, for separators",
        damage_name="training.data.damages:none",
        cases_name="training.evaluation.separation_cases:separation_cases",
        measure_name="training.evaluation.separation_cases:score_separated",
        examples_name="training.data.separation.examples:SeparationExamples",
        companions=("music", "stem_bass", "stem_drums", "stem_other"),
        label="Music behind a voice",
    ),
    "voice_over_music": Task(
        about="music behind a voice, for nets that estimate gains",
        damage_name="training.data.damages:none",
        cases_name="training.evaluation.noisy_speech_cases:voice_over_music_cases",
        measure_name="training.evaluation.noisy_speech_cases:score_noisy_speech",
        examples_name="training.data.noisy_speech:VoiceOverMusicExamples",
        companions=("music", "stem_bass", "stem_drums", "stem_other"),
        label="Music behind a voice, by gains",
    ),
    "half_rate": Task(
        about="half the sample rate and back by Kaiser's fast filter, for residual_unet",
        damage_name="training.data.damages:half_rate",
        cases_name="training.evaluation.cases:half_rate_cases",
        measure_name="training.evaluation.scores:score_band_limit",
        examples_name="training.data.examples:PeakExamples",
        label="Half the sample rate",
    ),
    "low_rate": Task(
        about="16 kHz and back, half of them with a low-pass at 4.8 kHz, for plain_unet",
        damage_name="training.data.damages:low_rate",
        cases_name="training.evaluation.cases:low_rate_cases",
        measure_name="training.evaluation.scores:score_band_limit",
        examples_name="training.data.examples:PeakExamples",
        label="A sample rate of 16 kHz",
    ),
    "low_rate_causal": Task(
        about="16 kHz and back and a causal low-pass, each side by its own peak, as its paper has",
        damage_name="training.data.damages:low_rate_causal",
        cases_name="training.evaluation.cases:causal_cases",
        measure_name="training.evaluation.scores:score_band_limit",
        examples_name="training.data.examples:OwnPeakExamples",
    ),
    "reverberant_speech": Task(
        about="voices in rooms and in noise, for nets that remove both",
        damage_name="training.data.damages:none",
        cases_name="training.evaluation.noisy_speech_cases:reverberant_speech_cases",
        measure_name="training.evaluation.noisy_speech_cases:score_noisy_speech",
        examples_name="training.data.noisy_speech:ReverberantSpeechExamples",
        label="A room, and noise behind a voice",
    ),
    "none": Task(
        about="no damage, for a codec whose output should equal its input",
        damage_name="training.data.damages:none",
        cases_name="training.evaluation.cases:undamaged_cases",
        measure_name="training.evaluation.scores:score_band_limit",
    ),
}
