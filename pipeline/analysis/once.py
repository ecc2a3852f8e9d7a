"""Each measurement of a sound is made once, however many parts of the program ask for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from pipeline.audio.sound import Audio

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def once_per_sound(
    measure: Callable[Concatenate[Audio, Parameters], Answer],
) -> Callable[Concatenate[Audio, Parameters], Answer]:
    """Remembers what `measure` says of an `Audio` for as long as that `Audio` lives.

    An `Audio` never changes, so its answer does not either. Arguments after the first, such as a
    `tick`, must not change the answer. Two threads that ask at the same time may both measure.
    """
    answers: WeakKeyDictionary[Audio, Answer] = WeakKeyDictionary()

    @functools.wraps(measure)
    def ask(audio: Audio, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        if audio not in answers:
            answers[audio] = measure(audio, *args, **kwargs)
        return answers[audio]

    return ask
