"""What came of a plan and why, in reasons and in words."""
