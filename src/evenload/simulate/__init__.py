"""The virtual world of studies: populations, drivers' behaviour, base load, runs and whole studies as arrays."""
