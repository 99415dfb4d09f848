"""`fnt batch`: importing many books, each exactly once."""
