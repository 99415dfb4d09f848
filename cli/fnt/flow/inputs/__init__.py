"""Input files: from the command line to upload items."""
