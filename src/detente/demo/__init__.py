"""The main job on real flights, to look at: two parties announce a day of traffic and compare."""

from detente.demo.agreeing import Signatory, signatories
from detente.demo.run import DemoError, Options, run_demo
from detente.demo.watching import Archives

__all__ = ["Archives", "DemoError", "Options", "Signatory", "run_demo", "signatories"]
