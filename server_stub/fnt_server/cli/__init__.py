"""The `fnt-server` command line."""
