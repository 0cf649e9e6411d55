"""What ``schemas/`` wants, and what the registry does not have yet."""
