"""The A/B player: several versions of one recording on one transport, with pictures to seek in.

A tab needs three things of this module::

    player = ABPlayer(elem_id="compare")                    # an output of an event
    sounds = [Sound("Degraded", degraded, gain_db=-1.2), Sound("Restored", restored),
              Sound("Difference", difference)]
    return player_value(sounds, folder, figures.draw(degraded, restored, folder))

`folder` should lie inside Gradio's cache (the visitor's session folder): files there are served
where they are, others are copied first. The page fetches sound piece by piece (HTTP Range), so a
long recording costs it no more memory than a short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import FileData, GradioModel
from pydantic import PrivateAttr

from pipeline.audio.buffers import blocks
from pipeline.audio.encode import writing
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, peak
from pipeline.plots.panels import Picture
from pipeline.plots.pooling import envelope
from pipeline.stage import Tick, no_tick, part
from ui.components.scripts import mounting
from ui.components.zoom import Shelf, Zoomed, packed

ROOT = """<div class="wm-component">
<div class="wm-player" tabindex="-1" role="group" aria-label="Player" hidden></div></div>"""
KEYS = "ABCDEFGH"
COLUMNS = 1500
_shelf = Shelf()


@dataclass(frozen=True)
class Sound:
    """One version of the recording.

    Args:
        label: what the page calls it; any text, it is never read as HTML.
        audio: all sounds of a player have the same duration; their rates may differ.
        gain_db: loudness trim while "match loudness" is on; see `matching_gains`.
    """

    label: str
    audio: Audio
    gain_db: float = 0.0


class TrackData(GradioModel):
    """What the page gets of one sound."""

    key: str
    label: str
    file: FileData
    gain_db: float
    peaks: str


class PictureData(GradioModel):
    """What the page gets of one picture; see `pipeline.plots.panels.Picture`."""

    title: str
    view: str
    light: FileData
    dark: FileData
    about: dict[str, Any]


class MarkData(GradioModel):
    """What is marked on a player's time, such as the clicks of a recording.

    Attributes:
        name: of the finding; elements of the page with this `data-finding` jump to its places.
        label: its name on the page.
        spans: (start, end) in seconds, in order; empty where it is everywhere.
        edge_hz: the frequency that it is about, or None.
    """

    name: str
    label: str
    spans: list[tuple[float, float]]
    edge_hz: float | None = None


class PlayerData(GradioModel):
    """The player's value.

    Attributes:
        of: the page keeps position, loop and choice between values of the same; "" is none.
        muted: of each track of a mixer, whose tracks sound together; empty for A and B.
        marks: the findings.
        kept_hz: what lies below was kept from the first track, what lies above was added; or None.
        zoom: the key by which the page asks for a stretch; "" where it cannot zoom.
    """

    seconds: float
    tracks: list[TrackData]
    pictures: list[PictureData]
    of: str
    muted: list[bool]
    marks: list[MarkData]
    kept_hz: float | None = None
    zoom: str = ""
    _zoomed: Zoomed | None = PrivateAttr(None)  # which lives as long as this value


class ABPlayer(gr.HTML):
    """Plays up to eight versions of one recording in sample-exact step; an output only.

    Stems (a value with `muted`) sound together, each with mute, solo and level.

    Its value is what `player_value` returns, or None for an empty player. Keys, while the pointer
    is over it or the focus in it: A to H choose, space plays, [ and ] set the loop, L turns it on
    and off, M matches loudness, arrows seek.
    """

    data_model = PlayerData

    def __init__(self, value: PlayerData | None = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            html_template=ROOT,
            js_on_load=mounting("player_mount.js"),
            apply_default_css=False,
            server_functions=[stretch],
            **kwargs,
        )

    def preprocess(self, payload: PlayerData | None) -> PlayerData | None:
        """Returns the value as it is."""
        return payload

    def postprocess(self, value: PlayerData | None) -> PlayerData | None:
        """Takes the result of `player_value`, or None for an empty player."""
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}


async def stretch(request: Any) -> dict[str, Any]:
    """A stretch of a player's sounds for the page; see `ui.components.zoom`."""
    return await _shelf.draw(request)


def player_value(
    sounds: Sequence[Sound],
    folder: Path | str,
    pictures: Sequence[Picture] = (),
    tick: Tick = no_tick,
    *,
    of: str = "",
    muted: Sequence[bool] = (),
    marks: Sequence[MarkData] = (),
    kept_hz: float | None = None,
    pair: tuple[int, int] = (0, 1),
    reused: Sequence[TrackData] = (),
) -> PlayerData:
    """Writes the listening copies and describes the player's content.

    Args:
        sounds: in the order of the keys A, B, C, ...; at most eight, of equal duration.
        folder: existing folder for the listening copies.
        pictures: from `plots.figures.draw`; those with a time axis show the playhead and seek.
        of: see `PlayerData`.
        muted: one a sound for a mixer, in which all sound together at their gains.
        pair: the two sounds of which there is a picture of the change.
        reused: the first tracks of an earlier value, for the same sounds: they stay as they are.

    Raises:
        ValueError: no sound, more than eight, or durations that differ by more than 10 ms.
    """
    _check(sounds)
    rate = max(sound.audio.rate for sound in sounds)
    tracks = list(reused)
    for index, (key, sound) in enumerate(zip(KEYS, sounds, strict=False)):
        if index < len(reused):
            continue
        own = part(tick, index, len(sounds))
        audio = sound.audio if sound.audio.rate == rate else resample(sound.audio, rate, tick=own)
        path = listening_copy(audio, Path(folder) / f"listen-{key}.wav", own)
        tracks.append(
            TrackData(
                key=key,
                label=sound.label,
                file=FileData(path=str(path)),
                gain_db=sound.gain_db,
                peaks=peaks(audio),
            )
        )
    seconds = max(sound.audio.seconds for sound in sounds)
    drawn = [_picture(picture) for picture in pictures]
    value = PlayerData(
        seconds=seconds, tracks=tracks, pictures=drawn, of=of, muted=list(muted),
        marks=list(marks), kept_hz=kept_hz,
    )  # fmt: skip
    value._zoomed = _zoomed([sound.audio for sound in sounds], pictures, pair)
    value.zoom = _shelf.put(value._zoomed)
    return value


def _zoomed(tracks: Sequence[Audio], pictures: Sequence[Picture], pair: tuple[int, int]) -> Zoomed:
    """The sounds, of which the first ones have the spectrograms among the pictures."""
    maps = [picture for picture in pictures if picture.view == "Spectrogram" and picture.scale]
    scale = maps[0].scale if maps else None
    return Zoomed(tuple(tracks), tuple(range(min(len(maps), len(tracks)))), scale, pair)


def listening_copy(
    audio: Audio, path: Path | str, tick: Tick = no_tick, *, folded: bool = True
) -> Path:
    """Writes the WAV that the browser plays: the sound as it is, neither normalised nor clipped.

    24-bit where everything fits within full scale, 32-bit float where it does not. One and two
    channels stay; more are folded down to two (ITU-R BS.775 weights), the same for every version.

    Args:
        audio: any sound; a long one is written block by block.
        path: file to write, ending in .wav.
        folded: False keeps all channels.

    Returns:
        `path`.
    """
    path, weights = Path(path), _fold(audio.channels) if folded else None
    channels = audio.channels if weights is None else 2
    subtype = "PCM_24" if peak(audio) <= 1.0 - 2.0**-23 else "FLOAT"
    with writing(path, audio.rate, channels, audio.frames, subtype) as file:
        for start, stop in blocks(audio.samples):
            block = audio.samples[:, start:stop]
            file.write((block if weights is None else weights @ block).T)
            tick(stop / audio.frames)
    return path


def peaks(audio: Audio, columns: int = COLUMNS) -> str:
    """The overview's waveform: base64 of int16 (lowest, highest) a column, PEAK is full scale."""
    return packed(envelope(audio, min(columns, audio.frames)))


def matching_gains(lufs: Sequence[float | None]) -> list[float]:
    """Trims in dB that bring every sound down to the quietest, so that none is ever boosted.

    Args:
        lufs: integrated loudness each; None (silent, too short) gets no trim.
    """
    known = [level for level in lufs if level is not None]
    return [0.0 if level is None else min(known) - level for level in lufs]


def _check(sounds: Sequence[Sound]) -> None:
    if not 1 <= len(sounds) <= len(KEYS):
        raise ValueError(f"the player holds 1 to {len(KEYS)} sounds, got {len(sounds)}")
    seconds = [sound.audio.seconds for sound in sounds]
    if max(seconds) - min(seconds) > 0.01:
        raise ValueError(f"the player's sounds must last equally long, got {seconds} seconds")


def _picture(picture: Picture) -> PictureData:
    about = asdict(picture)
    light, dark = about.pop("light"), about.pop("dark")
    return PictureData(
        title=about.pop("title"),
        view=about.pop("view"),
        light=FileData(path=str(light)),
        dark=FileData(path=str(dark)),
        about=about,
    )


def _fold(channels: int) -> np.ndarray | None:
    """(2, channels) weights, each row's sum 1, in a WAV's order; None up to two."""
    if channels <= 2:
        return None
    sides = {3: "LRC", 4: "LRlr", 5: "LRClr", 6: "LRCClr", 7: "LRCCClr", 8: "LRCClrlr"}
    gain = {"L": (1, 0), "R": (0, 1), "C": (0.7071, 0.7071), "l": (0.7071, 0), "r": (0, 0.7071)}
    weights = np.array([gain[name] for name in sides[channels]], dtype=np.float32).T
    return weights / weights.sum(axis=1, keepdims=True)
