"""REST paths, defined in one place."""

API = "/api/v1"

OPENAPI = f"{API}/openapi.json"
HEALTH = f"{API}/health"
LOGIN = f"{API}/auth/login"
REFRESH = f"{API}/auth/refresh"
ME = f"{API}/auth/me"
LOGOUT = f"{API}/auth/logout"
PASSWORD = f"{API}/auth/password"
TOKENS = f"{API}/auth/tokens"
DEVICE_CODE = f"{API}/auth/device/code"
DEVICE_TOKEN = f"{API}/auth/device/token"
DEVICE_PAGE = "/device"
CONFIRM = f"{API}/jobs/confirm"
UPLOAD = f"{API}/process-pdf"
JOBS = f"{API}/jobs"

IDEMPOTENCY_KEY = "Idempotency-Key"
FILE_FIELD = "pdf_file"


def job(job_id: int, verb: str = "") -> str:
    """Name the path of a job, or of one of its verbs: chunks, cancel, retry, result."""
    return f"{JOBS}/{job_id}/{verb}" if verb else f"{JOBS}/{job_id}"
