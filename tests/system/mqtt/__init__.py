"""The MQTT adapters, against a real mosquitto."""
