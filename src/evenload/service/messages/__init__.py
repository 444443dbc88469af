"""Messages to drivers: what they say, when they may be sent, to whom not; surveys and nudges. Sends nothing itself."""
