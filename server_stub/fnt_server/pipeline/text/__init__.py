"""From lines to paragraphs and sentences."""
