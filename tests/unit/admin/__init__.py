"""Tests of gateway/admin that need no other process."""
