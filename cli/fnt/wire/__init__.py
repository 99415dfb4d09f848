"""What client and server agree on: names and shapes, declared once. Needs msgspec alone."""
