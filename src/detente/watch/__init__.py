"""Watching: position reports against boundaries, declared volumes and each other. Pure."""
