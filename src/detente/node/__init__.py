"""A party's own server."""
