"""From a PDF to short sentences: plain Python, no web, no queue, no database."""
