"""Sites: their bills, generation, storage and months."""
