"""Tests of gateway.notation."""
