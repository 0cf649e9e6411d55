"""Tests of the compile layer: schema and contract in, records and rejections out."""
