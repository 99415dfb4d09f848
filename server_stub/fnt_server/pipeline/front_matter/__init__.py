"""Front and back matter: what publishers and sites print before and after the author's text."""
