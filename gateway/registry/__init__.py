"""Schema Registry behind the ``Registry`` port, and the development registry."""
