"""MQTT 5 and 3.1.1 behind the ``Source`` port (pipeline/ports.py)."""
