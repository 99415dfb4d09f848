"""From the command line to the files to send."""
