"""The stems of a separated recording: a player that mixes them, and a zip to take home."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.audio.sound import Audio
from pipeline.files import write_atomically
from pipeline.stage import Chain, SeparatesStems, Tick, no_tick, part
from ui.components.player import PlayerData, Sound, listening_copy, player_value


def mixer(
    stems: Mapping[str, Audio], chain: Chain, folder: Path, tick: Tick = no_tick
) -> PlayerData:
    """The player of stems that sound together, each at the recipe's gain.

    Args:
        stems: by name, of one length.
        chain: the chain that made them; its last stage that separates has their gains.
        folder: where the listening copies go, in a folder of their own.
    """
    own = folder / "stems"
    own.mkdir()
    gains = [one.gains_db for one in chain.stages if isinstance(one, SeparatesStems)][-1]
    sounds, muted = [], []
    for name, audio in stems.items():
        gain_db = gains.get(name, 0.0)
        muted.append(gain_db is None)
        sounds.append(Sound(name.capitalize(), audio, gain_db or 0.0))
    return player_value(sounds, own, (), tick, of=folder.name, muted=muted)


def zipped(stems: Mapping[str, Audio], path: Path, tick: Tick = no_tick) -> Path:
    """Writes the stems as 24-bit WAV files (32-bit float above full scale) into one zip file.

    Whole or not at all; a second call returns the file of the first.

    Returns:
        `path`.
    """
    if path.exists():
        return path
    with (
        write_atomically(path) as temporary,
        tempfile.TemporaryDirectory(dir=path.parent) as folder,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        wave = Path(folder) / "stem.wav"
        for at, (name, audio) in enumerate(stems.items()):
            listening_copy(audio, wave, part(tick, at, len(stems)), folded=False)
            archive.write(wave, f"{path.stem}/{name}.wav")
    return path
