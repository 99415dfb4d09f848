"""Fuzzers: a few fixed cases in the suite, minutes of new ones by `make fuzz`."""
