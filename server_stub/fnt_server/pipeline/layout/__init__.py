"""Page layout: what is text on a page, and what is printed around it."""
