"""The optimiser: least cost inside every limit of a tree of circuits, with its certificate."""
