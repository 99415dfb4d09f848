"""Results: download, conversion, and file names."""
