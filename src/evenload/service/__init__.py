"""Use cases over ports: synchronous, one call one unit of work; no clock, no I/O of their own."""
