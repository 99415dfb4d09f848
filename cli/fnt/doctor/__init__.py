"""What keeps `fnt` from working, looked for step by step. Knows the network through the context."""

from fnt.doctor.checks import CHECKS
from fnt.doctor.context import DoctorContext
from fnt.doctor.result import Status, Verdict
from fnt.doctor.run_checks import CheckResult, run_checks

__all__ = ["CHECKS", "CheckResult", "DoctorContext", "Status", "Verdict", "run_checks"]
