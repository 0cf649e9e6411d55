"""The gateway as a running service: start, schema take-over, reconnects, readiness, shutdown."""
