"""Wakeups and events, sent through the broker."""
