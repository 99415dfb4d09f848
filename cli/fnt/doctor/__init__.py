"""Diagnosis of connection and setup problems, as a sequence of checks."""

from fnt.doctor.checks import CHECKS
from fnt.doctor.context import DoctorContext
from fnt.doctor.outcome import Outcome
from fnt.doctor.run_checks import CheckResult, run_checks
from fnt.wire.documents import CheckStatus

__all__ = ["CHECKS", "CheckResult", "CheckStatus", "DoctorContext", "Outcome", "run_checks"]
