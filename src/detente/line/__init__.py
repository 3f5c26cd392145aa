"""The line between parties: what is said, what became of it, and whether anybody hears."""
