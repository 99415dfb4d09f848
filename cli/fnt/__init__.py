"""Terminal client of the French Novel Tool."""

__version__ = "0.1.0"
