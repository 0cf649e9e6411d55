"""What the gateway costs, measured: stage by stage in one process, and as a whole against real peers."""
