"""Addresses: what is one, their parts, and that no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.remote.address import Address, location


@pytest.mark.parametrize("text", ["a.wav", "/d/a.wav", "http:a.wav", "s3:/b/a.wav", "C:/a", "."])
def test_what_has_no_scheme_is_a_path(text: str) -> None:
    assert location(text) == Path(text)


def test_an_address_has_the_parts_of_a_path() -> None:
    address = location("s3://bucket/d/")
    assert address == Address("s3://bucket/d") and address / "." == address
    below = address / Path("e") / "a b?.flac"
    assert str(below) == "s3://bucket/d/e/a b?.flac"
    assert (below.name, below.stem, below.suffix) == ("a b?.flac", "a b?", ".flac")


def test_a_web_address_has_the_name_of_its_file_and_hides_its_query() -> None:
    address = location("https://me:secret@host/d/a%20b.wav?signature=secret")
    assert isinstance(address, Address) and address.name == "a b.wav"
    assert str(address) == "https://host/d/a%20b.wav"


def test_a_chained_address_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one such as"):
        location("zip://a.wav::s3://bucket/a.zip")
