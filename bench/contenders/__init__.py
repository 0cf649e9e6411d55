"""What the gateway is measured against, each a program: ``python -m bench.contenders.NAME KIND PORT KAFKA REGISTRY``.

They drain the same persistent session into the same Kafka topics, and run until SIGTERM.
"""
