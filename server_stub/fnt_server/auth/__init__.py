"""Users, logins, tokens and device logins."""
