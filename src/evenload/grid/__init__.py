"""The circuit tree as planners build it: generated feeders, ratings, loading and hosting capacity."""
