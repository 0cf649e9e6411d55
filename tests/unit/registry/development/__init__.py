"""The development registry's rules."""
