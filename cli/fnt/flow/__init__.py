"""The pipeline of a run: discover, preflight, upload, watch, save."""
