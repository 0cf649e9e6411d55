"""Tests of the JSON Schema codec."""
