"""A node watches: feeds as they come, alerts, what the other side is told, raw tracks kept."""
