"""The gateway with one thing changed: patches here, so that the product has no switch for them."""
