"""Reading a PDF: lines of text with their position, and readable characters."""
