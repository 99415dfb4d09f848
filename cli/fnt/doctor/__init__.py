"""What keeps `fnt` from working, looked for step by step. Knows the network through the context."""

from fnt.doctor.checks import CHECKS
from fnt.doctor.context import Patient
from fnt.doctor.result import Status, Verdict
from fnt.doctor.run_checks import Finding, examine

__all__ = ["CHECKS", "Finding", "Patient", "Status", "Verdict", "examine"]
