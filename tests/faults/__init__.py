"""Faults: what breaks around the gateway, and what must hold meanwhile and afterwards."""
