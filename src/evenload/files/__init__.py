"""Canonical files (CSV or Parquet with the same columns), publishers' own layouts, and packaged example data."""
