"""Events inside the plan: what they ask, of whom, and how cars come back after them."""
