"""Tests of the demo: the contracts that ship with the project, and their simulated fleet."""
