"""Diagnosis of connection and setup problems, as a sequence of checks."""

from fnt.doctor.checks import CHECKS
from fnt.doctor.context import DoctorContext
from fnt.doctor.result import Status, Verdict
from fnt.doctor.run_checks import CheckResult, run_checks

__all__ = ["CHECKS", "CheckResult", "DoctorContext", "Status", "Verdict", "run_checks"]
