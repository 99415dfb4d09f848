"""Socket.IO names: the path, the events and the room of a job."""

SOCKET_PATH = "/socket.io/"

JOIN_JOB = "join_job"
LEAVE_JOB = "leave_job"
CANCEL_JOB = "cancel_job"

JOB_PROGRESS = "job_progress"
ERROR = "error"
SERVER_DRAINING = "server_draining"


def job_room(job_id: int) -> str:
    """Return the name of the room that gets a job's progress."""
    return f"job_{job_id}"
