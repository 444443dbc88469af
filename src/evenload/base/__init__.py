"""The alphabet: errors, units, money, instants, horizons, local calendars. Imports nothing of evenload."""
