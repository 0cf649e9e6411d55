"""What captured payloads are taken for."""
