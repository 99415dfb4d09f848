"""From a PDF to sentences: plain Python, no web, no queue, no database."""

from fnt_server.pipeline.chunks import Chunk, chunk_count, plan_chunks, process_chunk
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.failures import ExtractionCrashed, PdfRejected
from fnt_server.pipeline.limits import Extractor, Limits
from fnt_server.shortening import Stopped

__all__ = [
    "Analysis",
    "Chunk",
    "ExtractionCrashed",
    "Extractor",
    "Limits",
    "Paragraph",
    "PdfRejected",
    "Stopped",
    "chunk_count",
    "plan_chunks",
    "process_chunk",
]
