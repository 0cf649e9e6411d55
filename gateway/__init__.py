"""Schema Gateway: device JSON from MQTT into typed Kafka topics, without losing a message.

``docs/design.md`` draws the house: which layer holds what, and why.
"""

from importlib.metadata import version

__version__ = version("schema-gateway")
