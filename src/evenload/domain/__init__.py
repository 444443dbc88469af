"""Frozen nouns of managed charging and their invariants: circuits, sessions, signals, loads, plans."""
