"""The web process: REST, Socket.IO and their background threads."""
