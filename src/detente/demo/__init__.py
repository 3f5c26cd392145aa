"""The main job on real flights, to look at: two parties announce a day of traffic and compare."""

from detente.demo.run import DemoError, Options, run_demo

__all__ = ["DemoError", "Options", "run_demo"]
