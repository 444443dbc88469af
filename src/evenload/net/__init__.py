"""Sockets and HTTP: where protocols of the core meet a network."""
