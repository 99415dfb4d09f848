"""Socket.IO: handlers, the registry of sockets, and their transport."""
