"""Everything embedded: MQTT broker, Kafka, registry, a simulated fleet."""
