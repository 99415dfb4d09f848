"""Page layout: what on a page is text, and what is printed around it."""
