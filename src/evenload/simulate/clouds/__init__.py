"""Virtual clouds of car makers, in the shapes of public APIs, and the cars behind them."""
