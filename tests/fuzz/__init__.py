"""Coverage-guided fuzzing of what reads bytes of strangers; see README.md."""
