"""The server over HTTP. Knows httpx and the wire, nothing of terminals."""
