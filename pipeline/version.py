"""The version of the whole product."""

VERSION = "0.1.0"
