"""Real parts for tests: brokers and registries as child processes, on free ports of 127.0.0.1."""
