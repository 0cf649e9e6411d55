"""``gateway demo`` as its users run it: a process, with and without a terminal."""
