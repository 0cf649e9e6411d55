#!/bin/sh
# Creates the topics of the contracts. Auto-creation is off: a misspelled topic must be noticed.
set -eu
kafka_topics() { /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:9092 "$@"; }

# max.message.bytes leaves room for the gateway's limits.payload_bytes (1 000 000) with key and headers.
# message.timestamp.before.max.ms lets records carry the device's own time after an outage of up to 30 days.
for topic in city.air-quality energy.generator health.vitals home.thermostat logistics.cold-chain plant.pump; do
  kafka_topics --create --if-not-exists --topic "$topic" --partitions 6 --replication-factor 1 \
    --config max.message.bytes=1100000 --config retention.ms=604800000 \
    --config message.timestamp.before.max.ms=2592000000
done
for topic in city.air-quality.dlq energy.generator.dlq health.vitals.quarantine home.thermostat.dlq \
  logistics.cold-chain.dlq plant.pump.dlq gateway.dlq; do
  kafka_topics --create --if-not-exists --topic "$topic" --partitions 1 --replication-factor 1 \
    --config max.message.bytes=1100000 --config retention.ms=2592000000
done
kafka_topics --list
