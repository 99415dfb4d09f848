"""Backups of a data folder: made while the server runs, restored into an empty folder."""
