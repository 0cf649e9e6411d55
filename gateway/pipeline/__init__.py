"""A message's way from receipt to acknowledgement, as pure synchronous code behind ports."""
