"""The registry package, without sockets."""
