"""The admin endpoint: metrics, health, readiness, status; and the logs."""
