"""Jobs and their steps: the only writers of both tables."""
