"""A live town on one machine: the platform, virtual stations on loopback sockets, drivers with phones, a utility."""
