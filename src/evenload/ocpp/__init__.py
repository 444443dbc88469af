"""OCPP 1.6J and 2.0.1 without sockets or clock: wire structs, frames and the call state machine.

Bytes and instants go in, events and bytes come out; whoever owns the socket and the clock drives a ``Connection``.
"""
