"""Tests of the tests: the parts of the fault harness."""
