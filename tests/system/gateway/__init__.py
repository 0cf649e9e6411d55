"""The whole gateway as a process, between a real mosquitto and a real Kafka."""
