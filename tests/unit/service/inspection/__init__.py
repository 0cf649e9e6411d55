"""Tests of gateway/service/inspection: what the peers' answers mean."""
