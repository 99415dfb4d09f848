"""Output of a run: terminal, live view, log lines, and reports."""
