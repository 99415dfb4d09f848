"""From a completed job to files on disk."""
