"""Tests of the Avro codec."""
