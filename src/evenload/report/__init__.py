"""Frozen results in, one offline page out: charts as inline SVG, the same inputs give the same bytes."""
