"""The tests mirror the package: tests/unit/compile/test_wire.py tests gateway/compile/wire.py."""
