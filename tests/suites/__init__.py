"""Official test suites, run through our own code."""
