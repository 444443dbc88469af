"""Who is behind a pseudonym, kept apart from everything else; export, erasure, retention, and exports for studies."""
