"""Whether the vectors notice when the rules of conversion are changed: see README.md."""
