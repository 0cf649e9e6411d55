"""Tests against real parts."""
