"""Ports in memory, for tests of what stands between them."""
