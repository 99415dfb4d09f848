"""The answers of models that a step may use, and to which it adds."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from fnt_server.db.connection import Database
from fnt_server.failure_reasons import reason
from fnt_server.jobs import model_answers
from fnt_server.jobs.leases import ClaimedStep

log = logging.getLogger(__name__)

TRIM_EVERY = 16
"""Steps of a job, the first included: what a user has is summed up for each trim."""


class KeptAnswers:
    """An `AnswerStore` of the step's user; without it, models are only asked more."""

    def __init__(self, database: Database, claimed: ClaimedStep, *, max_bytes: int) -> None:
        self._database = database
        self._claimed = claimed
        self._max_bytes = max_bytes
        """0: keep nothing, and use nothing."""

    def find(self, keys: Sequence[str]) -> Mapping[str, list[str]]:
        """See `AnswerStore`."""
        user_id, job_id = self._claimed.user_id, self._claimed.job_id
        try:
            if self._claimed.number % TRIM_EVERY == 0:
                model_answers.trim(self._database, user_id=user_id, max_bytes=self._max_bytes)
            if self._max_bytes:
                return model_answers.find(self._database, user_id=user_id, job_id=job_id, keys=keys)
        except SQLAlchemyError as error:
            log.warning("answers not looked up: %s", reason(error))
        return {}

    def add(self, answers: Mapping[str, list[str]]) -> None:
        """See `AnswerStore`."""
        if not self._max_bytes:
            return
        user_id, job_id = self._claimed.user_id, self._claimed.job_id
        try:
            model_answers.add(self._database, user_id=user_id, job_id=job_id, answers=answers)
        except SQLAlchemyError as error:
            log.warning("answers not kept: %s", reason(error))
