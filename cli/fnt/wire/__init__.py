"""What client and server agree on: names, shapes and their conversion. Standard library only."""
