"""What travels through the broker: wakeups and events."""
