"""One module per group of commands. HTTP and rendering are in lower layers."""
