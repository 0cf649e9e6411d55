"""What is not Python: compose.yaml, the image, and the files that they mount."""
