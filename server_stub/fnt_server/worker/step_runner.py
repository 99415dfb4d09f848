"""Claims steps and runs them: analyze, chunk, merge. Independent of Celery."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.structs import WireError
from fnt_server import logs
from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, StepKind
from fnt_server.engines import RULES
from fnt_server.failure_reasons import reason
from fnt_server.jobs import leases, queries, step_results, worker_registry
from fnt_server.jobs.findings import BookFindings
from fnt_server.jobs.leases import ClaimedStep, LeaseLostError
from fnt_server.jobs.step_results import ChunkPlan
from fnt_server.messaging.event_bus import Publisher
from fnt_server.metrics import STEP_SECONDS, STEPS_FAILED
from fnt_server.pipeline.chunks import MAX_SENTENCES, TOO_MANY_SENTENCES
from fnt_server.pipeline.engine_protocol import EngineFailed, Stopped
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.pipeline.stored_sentences import CheckedBlock, checked_blocks
from fnt_server.sandbox.messages import ChunkRange
from fnt_server.sandbox.pipeline_process import PipelineProcess
from fnt_server.storage.object_store import FULL, Storage, StorageDownError
from fnt_server.worker.kept_answers import KeptAnswers
from fnt_server.worker.lease_renewal import Lease

log = logging.getLogger(__name__)

COPY_BYTES = 1 << 20
MAX_DOWNLOAD_BYTES = 512 << 20
"""Of a result with the source of each piece; that of a long novel has 40 million."""
HELPED_BYTES = 256 << 10
"""Of a book that is worth a second process: a smaller one is read in a moment."""
RESULT_TOO_LARGE = "the result would be larger than that of any novel: split the book into parts"
NO_SENTENCE = "the file confuses the PDF reader: print it to a new PDF and send that"
MODEL_WALL_S = 3600.0
"""For a chunk whose sentences a language model is asked for: nearly all of it is waiting."""


def _checked(blocks: Iterator[bytes]) -> Iterator[CheckedBlock]:
    """Read what pipeline processes wrote, who are believed no more than the book they read."""
    try:
        yield from checked_blocks(blocks)
    except WireError:
        log.error("a pipeline process stored what is no sentence")
        raise PdfRejected(JobErrorCode.PDF_DAMAGED, NO_SENTENCE) from None


class StepRunner:
    """One slot of a worker."""

    def __init__(
        self,
        config: Config,
        *,
        database: Database,
        storage: Storage,
        publisher: Publisher,
        owner: str,
        stopping: Callable[[], bool] = lambda: False,
        needs_recycling: Callable[[], bool] = lambda: False,
    ) -> None:
        self._config = config
        self._database = database
        self._storage = storage
        self._publisher = publisher
        self._owner = owner
        self._stopping = stopping
        self._needs_recycling = needs_recycling
        limits = config.pdfs
        self._pipeline = PipelineProcess(limits)
        self._helper = PipelineProcess(limits)
        self._models = PipelineProcess(
            replace(limits, wall_s=MODEL_WALL_S, memory_bytes=2 * limits.memory_bytes),
            is_sandboxed=False,
            models=config.models,
        )
        self._run = {
            StepKind.ANALYSE: self._analyze,
            StepKind.CHUNK: self._chunk,
            StepKind.MERGE: self._merge,
        }

    def run_ready(self) -> int:
        """Claim and run steps until none is ready or this process should be recycled.

        Returns how many were run.
        """
        done = 0
        while not self._stopping():
            try:
                found = leases.claim(
                    self._database, owner=self._owner, lease_s=self._config.leases.lease_s
                )
            except LeaseLostError:  # its job was cancelled at the same moment
                continue
            if found is None:
                break
            claimed, job = found
            self._publish(job)
            with logs.context(
                job_id=claimed.job_id, step=f"{claimed.kind} {claimed.number}", worker=self._owner
            ):
                self._run_step(claimed)
            done += 1
            if self._needs_recycling():
                break
        return done

    def close(self) -> None:
        """End the processes that compute."""
        self._pipeline.close()
        self._helper.close()
        self._models.close()

    def _run_step(self, claimed: ClaimedStep) -> None:
        started = time.monotonic()
        outcome, code = "done", None
        try:
            with Lease(
                self._database, claimed, length=self._config.leases, stopping=self._stopping
            ) as lease:
                self._run[claimed.kind](claimed, lease)
        except (LeaseLostError, Stopped):
            outcome = "stopped"
            if self._stopping():
                leases.release(self._database, claimed)
        except (SQLAlchemyError, StorageDownError) as error:
            outcome = "left"
            log.warning("step will be retried after lease expiry: %s", reason(error))
        except Exception as error:  # any failure of the step itself is recorded
            outcome = "failed"
            code = self._record_failure(claimed, error)
        took_s = time.monotonic() - started
        STEP_SECONDS.labels(claimed.kind, outcome).observe(took_s)
        log.info("step ended", extra={"outcome": outcome, "code": code, "ms": round(took_s * 1000)})

    def _record_failure(self, claimed: ClaimedStep, error: Exception) -> JobErrorCode:
        code, message, certain = _job_failure(error)
        STEPS_FAILED.labels(claimed.kind, code).inc()
        if code is JobErrorCode.INTERNAL:
            log.exception("step failed")
        try:
            self._publish(
                step_results.fail(self._database, claimed, code, message, certain=certain)
            )
        except (LeaseLostError, SQLAlchemyError) as lost:
            log.warning("could not record the failure: %s", reason(lost))
        return code

    def _analyze(self, claimed: ClaimedStep, lease: Lease) -> None:
        settings = ProcessingSettings.from_wire(claimed.settings)
        with self._storage.local_path(claimed.file_key) as path:
            book = self._pipeline.analyze(
                path, settings, keep_going=lease.is_held, helper=self._free_helper(path)
            )
        self._publish(
            step_results.record_page_count(
                self._database, claimed, page_count=book.page_count, chunks=len(book.chunks)
            )
        )
        with book.body:
            plans = [
                self._store_input(claimed, chunk, content) for chunk, content in book.iter_inputs()
            ]
        self._publish(
            step_results.complete_analysis(
                self._database,
                claimed,
                plans,
                found=BookFindings(title=book.title, author=book.author, warnings=book.warnings),
            )
        )
        self._wake_slots(len(plans))

    def _wake_slots(self, steps: int) -> None:
        """Send a wakeup for each step, but no more than slots: each runs what is ready."""
        _, slots = worker_registry.count_live(self._database)
        self._publisher.notify_workers(max(1, min(steps, slots)))

    def _free_helper(self, path: Path) -> PipelineProcess | None:
        """Return a second process while a slot of this worker has nothing to do."""
        worker_id = self._owner.rpartition(".")[0]
        busy = leases.running_owners(self._database, worker_id=worker_id)
        if len(busy) >= self._config.workers:
            self._helper.close()
            return None
        return self._helper if path.stat().st_size >= HELPED_BYTES else None

    def _store_input(self, claimed: ClaimedStep, chunk: ChunkRange, content: bytes) -> ChunkPlan:
        key = f"jobs/{claimed.job_id}/work/{claimed.fence}-{chunk.number}.json"
        self._storage.put(key, [content])
        return ChunkPlan(
            number=chunk.number,
            start_page=chunk.start_page,
            end_page=chunk.end_page,
            input_key=key,
        )

    def _chunk(self, claimed: ClaimedStep, lease: Lease) -> None:
        settings = ProcessingSettings.from_wire(claimed.settings)
        process = self._pipeline if settings.engine == RULES else self._models
        answers = KeptAnswers(
            self._database, claimed, max_bytes=self._config.models.user_cache_bytes
        )
        with self._storage.local_path(claimed.input_key or "") as path:
            done = process.shorten(path, settings, keep_going=lease.is_held, answers=answers)
        key = f"jobs/{claimed.job_id}/work/{claimed.step_id}-{claimed.fence}.jsonl"
        with done.lines as lines:
            lease.pause(self._config.pace_ms / 1000)
            self._storage.put(key, iter(lambda: lines.read(COPY_BYTES), b""))
        job = step_results.complete_chunk(
            self._database,
            claimed,
            output_key=key,
            sentence_count=done.sentence_count,
            by_rules=done.fallback_reasons,
            quality=done.quality,
        )
        self._publish(job)
        if job is not None and job.processed_chunks == job.total_chunks:
            self._publisher.notify_workers()

    def _merge(self, claimed: ClaimedStep, lease: Lease) -> None:
        result = f"jobs/{claimed.job_id}/result-{claimed.step_id}-{claimed.fence}.jsonl"
        count = size = download_bytes = 0
        # A storage cannot be read while it is being written: calls do not nest.
        with tempfile.TemporaryFile() as merged:
            for key in step_results.chunk_outputs(self._database, claimed):
                lease.check()
                for block in _checked(self._storage.iter_blocks(key)):
                    count += block.sentence_count
                    size += merged.write(block.content)
                    download_bytes += block.download_bytes
                    if count > MAX_SENTENCES:
                        raise PdfRejected(JobErrorCode.PDF_LIMIT, TOO_MANY_SENTENCES)
                    if download_bytes > MAX_DOWNLOAD_BYTES:
                        raise PdfRejected(JobErrorCode.PDF_LIMIT, RESULT_TOO_LARGE)
            merged.seek(0)
            self._storage.put(result, iter(lambda: merged.read(COPY_BYTES), b""))
        if not count:
            raise PdfRejected(JobErrorCode.PDF_NO_TEXT, "no sentences were found in this PDF")
        self._publish(
            step_results.complete_merge(
                self._database,
                claimed,
                result_key=result,
                result_size=size,
                sentence_count=count,
            )
        )
        self._delete_work_files(claimed.job_id)

    def _delete_work_files(self, job_id: int) -> None:
        """Delete the work files of a completed job; the janitor deletes what is left."""
        try:
            self._storage.delete_under(f"jobs/{job_id}/work/")
        except Exception as error:  # the job is complete, whatever the storage says now
            log.warning("could not delete work files: %s", reason(error))

    def _publish(self, job: Job | None) -> None:
        if job is not None:
            self._publisher.publish(queries.snapshot(job).to_wire())


def _job_failure(error: Exception) -> tuple[JobErrorCode, str, bool]:
    """Return the code, the message, and whether a retry would fail the same way."""
    match error:
        case PdfRejected():
            return error.code, error.message, True
        case ExtractionCrashed():
            return error.code, error.message, error.code is JobErrorCode.PDF_LIMIT
        case EngineFailed():
            return JobErrorCode.ENGINE_FAILED, str(error), error.certain
        case OSError() if error.errno in FULL:
            message = "the server's disk is full: run `fnt jobs retry` when there is room"
            return JobErrorCode.STORAGE_FULL, message, False
        case _:
            message = "internal server error: see the server's log for this job"
            return JobErrorCode.INTERNAL, message, False
