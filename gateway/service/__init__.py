"""The gateway as a running service: schemas kept current, the MQTT connection kept up, readiness, shutdown.

The only layer in which things wait: asyncio lives here and in the adapters. What a message becomes is
decided below, in ``pipeline`` and ``compile``.
"""
