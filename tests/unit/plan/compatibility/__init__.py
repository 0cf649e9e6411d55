"""Tests of gateway.plan.compatibility."""
