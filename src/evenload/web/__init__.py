"""The REST API: who asks, what is answered, and what is told as it happens."""
