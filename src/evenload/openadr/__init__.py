"""OpenADR: events, opts and reports between a utility and those it asks; bytes in, objects and replies out."""
