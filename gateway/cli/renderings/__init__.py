"""Findings as other programs want them: SARIF, and the annotations of GitHub and GitLab."""
