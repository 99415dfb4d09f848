"""The tables of `fnt help TOPIC`, repeated by pages in docs/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A table, its title, and the page in docs/ that repeats it."""

    title: str
    page: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """Return the table as written in docs/."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        return "\n".join(_markdown_row(line) for line in lines)

    def lines(self) -> list[str]:
        """Return title, table, and note for a terminal."""
        widths = [max(len(row[0].replace("`", "")) for row in (self.head, *self.rows))]
        widths.append(max(len(row[1].replace("`", "")) for row in (self.head, *self.rows)))
        table = [_text_row(row, widths) for row in self.rows]
        return [self.title, "", *table, *(["", self.note] if self.note else [])]


def _markdown_row(cells: Sequence[str]) -> str:
    if set(cells) == {"---"}:
        return "|" + "|".join(cells) + "|"
    return (
        "|"
        + "|".join(f" {cell.replace('|', chr(92) + '|')} " if cell else " " for cell in cells)
        + "|"
    )


def _text_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    plain = [cell.replace("`", "") for cell in cells]
    padded = [cell.ljust(width) for cell, width in zip(plain, widths, strict=False)]
    return "  ".join([*padded, *plain[len(widths) :]]).rstrip()


EXIT_CODES = Topic(
    title="Exit codes of fnt",
    page="errors.md",
    head=("code", "meaning", "what to do"),
    rows=(
        ("0", "success; with `--detach`, the server has accepted the files", ""),
        (
            "1",
            "a bug in `fnt`",
            "report it with the output",
        ),
        (
            "2",
            "wrong usage or configuration; an output file exists or cannot be written",
            "fix what the message names; `--overwrite` replaces files",
        ),
        ("3", "job, file or profile not found", "check the name; `fnt jobs list`"),
        ("4", "not logged in, or the login has ended", "`fnt login`, or a new `FNT_TOKEN`"),
        (
            "5",
            "temporary: unreachable, 5xx or rate limited, after retries",
            "run the same command again",
        ),
        (
            "6",
            "partial: some jobs failed or were refused or cancelled",
            "read their messages; the other jobs completed",
        ),
        ("7", "every job failed or was cancelled", "read the messages"),
        ("8", "`--timeout` reached", "jobs keep running; resume with `fnt watch JOB…`"),
        (
            "10",
            "every input was refused",
            "check for files that are not PDFs, are too large, or need a password",
        ),
        (
            "11",
            "quota or plan limit",
            "`fnt whoami` shows the storage you use; `fnt jobs rm JOB…` frees it",
        ),
        (
            "12",
            "the server's response or refusal is not one that `fnt` expects",
            "check the URL: `fnt doctor`; if it is an fnt-server, report it with the request ID",
        ),
        ("129", "the terminal was closed (SIGHUP), unless under `nohup`", "same as 130"),
        ("130", "Ctrl-C", "jobs keep running; resume with the command that was printed"),
        ("141", "stdout was closed (`| head`)", ""),
        ("143", "SIGTERM", "same as 130"),
    ),
    note="If several apply, the first of these wins: "
    "129, 130, 143, 4, 8, 6 or 7, 3, 10, 11, 12, 5.",
)

ENVIRONMENT = Topic(
    title="Environment variables and settings of fnt",
    page="configuration.md",
    head=("variable", "flag", "key in `config.toml`", "default", "description"),
    rows=(
        (
            "`FNT_SERVER`",
            "`--server`",
            "`server`",
            "`http://127.0.0.1:5000`",
            "server URL, optionally with a path; plain `http://` only for this machine; or `local`",
        ),
        (
            "`FNT_PROFILE`",
            "`--profile`",
            "`profile`",
            "",
            "profile to use: `[profiles.NAME]` in `config.toml`",
        ),
        ("`FNT_PARALLEL`", "`--parallel`", "`parallel`", "4", "parallel uploads, 1 to 32"),
        ("`FNT_TIMEOUT`", "`--timeout`", "`timeout`", "", "stop a command after `20s`, `5m`, `2h`"),
        ("", "`--ca-file`", "`ca_file`", "", "certificates to trust in place of the system's"),
        (
            "",
            "`--insecure-http`",
            "`insecure_http`",
            "false",
            "allow plain `http://` to other machines",
        ),
        ("`FNT_NO_KEYRING`", "", "`no_keyring`", "false", "do not use the system keyring"),
        ("`FNT_TOKEN`", "", "", "", "personal token; overrides a login"),
        (
            "`FNT_NO_LOCAL`",
            "`--no-local`",
            "`no_local`",
            "false",
            "do not start or use a personal server automatically",
        ),
        (
            "`FNT_LOCAL_IDLE`",
            "",
            "`local_idle`",
            "10m",
            "stop the personal server after this long without use, 1s to 7d",
        ),
        (
            "`FNT_LOCAL_DIR`",
            "",
            "",
            "`local` in the system's data folder for `fnt`",
            "folder of the personal server",
        ),
        (
            "`FNT_CONFIG_DIR`",
            "",
            "",
            "the system's config folder for `fnt`",
            "folder of `config.toml` and other files",
        ),
    ),
    note="Precedence: flag, environment, .fnt.toml, profile, config.toml.",
)

FORMATS = Topic(
    title="Result formats",
    page="results.md",
    head=("format", "description", "use it for"),
    rows=(
        ("`txt`", "one sentence per line", "reading, other tools"),
        ("`csv`", "table with a header row", "spreadsheets, flashcards"),
        ("`jsonl`", "one JSON object per line", "large books, streaming"),
        (
            "`json`",
            "one document, including the source file and settings",
            "programs, archives",
        ),
        ("`html`", "self-contained page with a table of contents", "reading, printing"),
        ("`xlsx`", "Excel workbook (extra `xlsx`)", "spreadsheets"),
        ("`anki`", "flashcards in an `.apkg` file (extra `anki`)", "learning with Anki"),
    ),
)

EVENTS = Topic(
    title="Events of --jsonl",
    page="scripts.md",
    head=("type", "when", "fields"),
    rows=(
        ("`upload.progress`", "part of a file was sent", "`file`, `sent_bytes`, `size_bytes`"),
        (
            "`link.state`",
            "the connection changed",
            "`status`, `attempt`, `retry_in_s`, `poll_every_s`, `reason`, `give_up_in_s`",
        ),
        ("`job.progress`", "a job changed", "`job`"),
        ("`job.ended`", "a job completed, failed or was cancelled", "`job`"),
        ("`output.written`", "a result was saved", "`job_id`, `path`"),
        ("`warning`", "a file was refused", "`file`, `code`, `message`"),
        ("`run.finished`", "always once, at the end", "`exit_code`, `counts`, `error`"),
    ),
    note="Every event also has v, seq, ts and type.",
)

TROUBLE = Topic(
    title="Checks of fnt doctor",
    page="troubleshooting.md",
    head=("check", "what it checks", "if it fails"),
    rows=(
        (
            "`settings`",
            "flags, environment and files; where the server URL comes from",
            "fix the file or variable named; `fnt config list --show-origin`",
        ),
        (
            "`terminal`",
            "encoding, color, size",
            "set `PYTHONUTF8=1` or a UTF-8 locale; widen the window, or use `--plain`",
        ),
        (
            "`folder`",
            "results can be written here; free space",
            "choose another folder with `-o DIR`",
        ),
        (
            "`keyring`",
            "a secure keyring exists and responds within 3 s",
            "unlock it, set `FNT_TOKEN`, or use `fnt login --insecure-storage`",
        ),
        (
            "`proxy`",
            "proxy settings in the environment; not used for a server on this machine",
            "fix `HTTPS_PROXY`, or list the server in `NO_PROXY`",
        ),
        ("`name`", "the server's name resolves", "fix `--server`; check DNS"),
        (
            "`tcp`",
            "the server accepts connections",
            "start the server, fix the port, open the firewall",
        ),
        (
            "`tls`",
            "certificate: issuer, name, expiry",
            "pass `--ca-file FILE` for your own CA; renew an expiring certificate",
        ),
        ("`rest`", "an fnt-server responds", "fix `--server`; start the server behind the proxy"),
        (
            "`clock`",
            "the local and server clocks differ by at most 30 s",
            "correct the wrong one (NTP)",
        ),
        (
            "`login`",
            "the token: its user, where it is stored, how long it is valid",
            "`fnt login`, or a new `FNT_TOKEN`",
        ),
        ("`version`", "client and server versions match", "upgrade the older one"),
        ("`database`", "status reported by the server", "start it"),
        ("`broker`", "status reported by the server", "start it; until then, progress is delayed"),
        ("`workers`", "at least one is running", "start one with `fnt-server worker`"),
        (
            "`events`",
            "status reported by the server",
            "check its `FNT_EVENTS_URL`; until then, jobs are polled",
        ),
        ("`storage`", "status reported by the server", "start it"),
        (
            "`websocket`",
            "the WebSocket upgrade works",
            "make the proxy forward `/socket.io/` with `Upgrade`; until then, jobs are polled",
        ),
        (
            "`origin`",
            "clients without an Origin are accepted, foreign web pages are not",
            "set the server's `FNT_CORS_ORIGINS`",
        ),
        ("`join`", "live updates of your newest job", "check the server's log"),
    ),
    note="Run all of these with fnt doctor. Checks that depend on a failed one are skipped.",
)

TOPICS: Mapping[str, Topic] = {
    "exit-codes": EXIT_CODES,
    "environment": ENVIRONMENT,
    "formats": FORMATS,
    "events": EVENTS,
    "troubleshooting": TROUBLE,
}
