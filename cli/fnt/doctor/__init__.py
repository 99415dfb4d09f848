"""What keeps `fnt` from working, looked for step by step. Knows the network through the context."""

from fnt.doctor.checks import CHECKS
from fnt.doctor.examination import Finding, examine
from fnt.doctor.patient import Patient
from fnt.doctor.verdict import Status, Verdict

__all__ = ["CHECKS", "Finding", "Patient", "Status", "Verdict", "examine"]
