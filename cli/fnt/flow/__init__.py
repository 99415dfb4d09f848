"""The pipeline of a run, stage by stage: discover, preflight, send, watch, save."""
