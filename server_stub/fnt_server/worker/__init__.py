"""The worker process: claims steps and runs them."""
