"""Train a small language model and watch it learn; see playground/README.md for the map of the parts."""
