"""Strategies: from a columnar problem to power per session and step. Sessions couple only through the tree."""
