"""Tests of gateway/kafka that need no other process."""
