"""`fnt-server run`: broker, web and worker as child processes."""
