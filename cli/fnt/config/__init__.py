"""Local state: settings, credentials, and the job cache."""
