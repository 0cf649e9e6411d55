"""Typed configuration: ``gateway.yaml``, contract folders, examples.

Reads files, checks them, and reports every problem with file, line, key, value and what to do.
"""
