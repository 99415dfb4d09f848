"""Everything shown or written about a run: terminal, live view, reports."""
