"""What the gateway is measured against. Each is a program: ``python -m bench.contenders.NAME KIND MQTT_PORT KAFKA REGISTRY``.

They drain the same persistent session into the same Kafka topics, and run until SIGTERM.
"""
