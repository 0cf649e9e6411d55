"""The MQTT adapters, against bytes and fake brokers."""
