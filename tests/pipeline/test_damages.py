"""Chains of damage as JSON: presets, seeds, and what a recipe that restores may not name."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline import damages, recipe
from pipeline.degradation.additions import Dither, NoiseAtSnr
from pipeline.degradation.effects import Crush, Noise
from pipeline.stage import Chain


def test_every_preset_loads_and_says_what_it_is() -> None:
    assert len(damages.named()) == len(set(damages.titles().values())) > 4
    for name in damages.named():
        document = damages.read(name)
        assert document["title"] and document["summary"].endswith(".")
        chain = damages.load(name)
        assert damages.load(damages.dump(chain)) == chain
        assert chain.stages


def test_no_recipe_names_a_damage_and_no_damage_a_stage() -> None:
    assert not set(damages.DAMAGES) & set(recipe.STAGES)
    with pytest.raises(recipe.RecipeError, match="got 'clicks'"):
        recipe.load({"version": 1, "stages": [{"stage": "clicks"}]})
    with pytest.raises(recipe.RecipeError, match="got 'declick'"):
        damages.load({"version": 1, "stages": [{"stage": "declick"}]})


def test_a_seed_changes_every_damage_that_draws_and_no_other_setting() -> None:
    chain = Chain((NoiseAtSnr(12.0), Crush(6), Noise(-50.0)))
    first, again, other = (damages.seeded(chain, seed) for seed in (1, 1, 2))
    assert first == again != other
    seeds = {first.stages[0].seed, first.stages[2].seed, other.stages[0].seed}
    assert len(seeds) == 3 and first.stages[1] is chain.stages[1]
    assert dataclasses.replace(first.stages[0], seed=0) == chain.stages[0]


def test_random_damage_is_within_what_the_paper_names() -> None:
    chains = [damages.drawn(seed) for seed in range(40)]
    noises = [one for chain in chains for one in chain.stages if isinstance(one, NoiseAtSnr)]
    assert len(noises) > 30 and all(-5 <= one.snr_db <= 20 for one in noises)
    for chain in chains:
        assert isinstance(chain.stages[-1], Dither) and -96 <= chain.stages[-1].level_db <= -90
        assert damages.load(damages.dump(chain)) == chain
    assert damages.drawn(5) == damages.drawn(5) != damages.drawn(5, 1)
