"""The node as a USS of F3548-21: its planner, what peers ask of it, what it asks of them."""
