"""A first contract from captured payloads: what they hold (observation), what that may mean (guess), and the files."""
