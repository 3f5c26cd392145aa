"""What watches: each monitor takes positions batch by batch and tells what it finds."""
