"""Avro: schema text -> typed tree -> a function that writes payloads as Avro binary."""
