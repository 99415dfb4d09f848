"""What is stored on this machine: settings, credentials, the job cache."""
