"""The guarantee card: what a restoration did, as lines for the page."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.evaluation.guarantee import LOWEST_DB, Guarantee

NULL_DB = -50.0  # largest difference in the kept band, relative to the kept band
LOUDER_LU = 1.0
MINUS = "\u2212"
DC_CHANGE = 1e-4
NOTHING_DB = -120.0  # added treble below is none


class Row(NamedTuple):
    """A line of the card.

    Attributes:
        label, value: what was measured.
        fine: whether the value is as it should be; None where there is nothing to judge.
        explanation: one sentence.
    """

    label: str
    value: str
    fine: bool | None
    explanation: str


def rows(guarantee: Guarantee) -> list[Row]:
    """All lines of the card, in order; negative numbers have a minus sign, not a hyphen."""
    lines = (_length, _rate, _channels, _loudness, _peak, _dc, _finite, _kept, _added, _time)
    card = [line(guarantee) for line in lines]
    return [row._replace(value=row.value.replace("-", MINUS)) for row in card]


def _length(guarantee: Guarantee) -> Row:
    same = guarantee.same_length
    value = f"{guarantee.after.seconds:.3f} s" + (", the same" if same else "")
    if not same:
        value = f"{guarantee.before.seconds:.3f} to {value}"
    return Row("Length", value, same, "Equal to the sample: nothing was cut, delayed or shifted.")


def _rate(guarantee: Guarantee) -> Row:
    before, after = guarantee.before.rate, guarantee.after.rate
    if before == after:
        why = "The result plays wherever the input did."
        return Row("Sample rate", f"{after} Hz, the same", True, why)
    why = "The new treble does not fit in the old rate." if after > before else "As set."
    return Row("Sample rate", f"{before} to {after} Hz", None, why)


def _channels(guarantee: Guarantee) -> Row:
    before, after = guarantee.before.channels, guarantee.after.channels
    value = f"{after}, the same" if before == after else f"{before} to {after}"
    return Row("Channels", value, before == after, "No channels were added, dropped or merged.")


def _loudness(guarantee: Guarantee) -> Row:
    change = guarantee.lufs_change
    if change is None:
        return Row("Loudness", "too short or too quiet to measure", None, "Needs 0.4 s of sound.")
    value = f"{guarantee.after.lufs:.1f} LUFS ({round(change, 2) + 0.0:+.2f} LU)"
    why = "The level of the original was not changed; sound that was added or removed counts."
    return Row("Loudness", value, True if abs(change) <= LOUDER_LU else None, why)


def _peak(guarantee: Guarantee) -> Row:
    before, after = guarantee.before.peak_dbtp, guarantee.after.peak_dbtp
    value = "silence" if after <= LOWEST_DB else f"{before:.1f} to {after:.1f} dBTP"
    fine = after <= 0 or after <= before + 0.01
    return Row("True peak", value, fine, "Above 0 dBTP players may clip; nothing is clipped here.")


def _dc(guarantee: Guarantee) -> Row:
    before, after = guarantee.before.dc, guarantee.after.dc
    value = f"{100 * before:.3f} to {100 * after:.3f} %"
    why = "Mean of the waveform relative to full scale: none was added."
    return Row("DC offset", value, after <= before + DC_CHANGE, why)


def _finite(guarantee: Guarantee) -> Row:
    value = "all finite" if guarantee.finite else "not all finite"
    return Row("Samples", value, guarantee.finite, "No sample is infinite or not a number.")


def _kept(guarantee: Guarantee) -> Row:
    limit_hz, null_db = guarantee.kept_below_hz, guarantee.null_db
    if not limit_hz or null_db is None:
        why = "The stages may change the whole band." if not limit_hz else "It holds no sound."
        return Row("Kept band", "none", None, why)
    same = null_db <= LOWEST_DB
    difference = "identical" if same else f"difference {null_db:.0f} dB"
    value = f"below {limit_hz / 1000:.1f} kHz{' ' if same else ', '}{difference}"
    return Row("Kept band", value, null_db <= NULL_DB, "Result minus original, in this band.")


def _added(guarantee: Guarantee) -> Row:
    added_db, limit_hz = guarantee.added_db, guarantee.bandwidth_hz
    value = "nothing" if added_db <= NOTHING_DB else f"{added_db:.1f} dB of the whole,"
    why = "Energy that was added above the frequency where the input ends."
    return Row("Added treble", f"{value} above {limit_hz / 1000:.1f} kHz", None, why)


def _time(guarantee: Guarantee) -> Row:
    speed = guarantee.times_real_time
    value = f"{guarantee.seconds_taken:.1f} s" + (f", {speed:.0f} times real time" if speed else "")
    return Row("Time taken", value, None, "Without reading and writing the file.")
