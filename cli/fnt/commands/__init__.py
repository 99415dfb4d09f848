"""One module per group of commands. They talk to the user; HTTP and drawing are done below."""
