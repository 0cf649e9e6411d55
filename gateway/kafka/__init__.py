"""Kafka behind the ``Sink`` port (pipeline/ports.py)."""
