"""Nets that take noise out of sound."""
