"""The commands as processes, against real parts."""
