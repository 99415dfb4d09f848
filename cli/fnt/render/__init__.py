"""Drawing: progress states as a live view, as lines of a log and as JSON Lines. No network."""
