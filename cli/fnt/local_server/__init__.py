"""The personal server, `local`: found, started, reused and stopped by the client."""
