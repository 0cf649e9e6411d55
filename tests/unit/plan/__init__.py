"""Tests of gateway.plan."""
