"""Tests of gateway/kafka against a real Apache Kafka."""
