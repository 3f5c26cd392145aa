"""What Détente costs: `python -m bench` measures it, and writes `docs/benchmarks.md`."""
