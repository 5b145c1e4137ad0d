"""The settings of the Train tab: a form made from a table of the config dataclasses' fields."""
