"""Tests of gateway.history."""
