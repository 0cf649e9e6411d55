"""The registry adapter and the development registry over real sockets."""
