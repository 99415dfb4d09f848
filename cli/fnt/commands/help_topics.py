"""What `fnt help TOPIC` and the pages in docs/ say: each table stands here, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A table with its title and the page of docs/ that holds it too."""

    title: str
    page: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """Return the table as docs/ holds it."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        return "\n".join(_markdown_row(line) for line in lines)

    def lines(self) -> list[str]:
        """Return title, table and note for a terminal."""
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
        ("0", "all done; or detached and accepted", ""),
        (
            "1",
            "a bug, or an answer that no command expects",
            "report it, with the request id if there is one",
        ),
        (
            "2",
            "wrong usage or configuration; a target that exists",
            "read the line; `--overwrite` replaces a target",
        ),
        ("3", "no such job, file or profile", "`fnt jobs list` shows what there is"),
        ("4", "not logged in, or the login ended", "`fnt login`, or a new `FNT_TOKEN`"),
        ("5", "temporary: unreachable, 5xx, rate limit after retries", "run the same line again"),
        (
            "6",
            "partial: some jobs failed, were refused or cancelled",
            "the others are fine; look at the lines of those that are not",
        ),
        ("7", "every job failed or was cancelled", "as 6"),
        ("8", "`--timeout` reached", "the jobs keep running: `fnt watch JOB…`"),
        ("10", "every input was refused", "it is not a PDF, too large, or needs a password"),
        ("11", "quota or plan limit", ""),
        ("130", "Ctrl-C", "the jobs keep running; the line to resume was printed"),
        ("141", "stdout was closed (`| head`)", "nothing"),
        ("143", "SIGTERM", "as 130"),
    ),
    note="One run with several outcomes: 130 > 143 > 4 > 8 > 6 or 7 > 3 > 10 > 11 > 5.",
)

ENVIRONMENT = Topic(
    title="Environment of fnt",
    page="configuration.md",
    head=("variable", "flag", "key in `config.toml`", "default", "what it is"),
    rows=(
        (
            "`FNT_SERVER`",
            "`--server`",
            "`server`",
            "`http://127.0.0.1:5000`",
            "the server; plain `http://` only to this machine",
        ),
        (
            "`FNT_PROFILE`",
            "`--profile`",
            "`profile`",
            "",
            "which `[profiles.NAME]` of `config.toml` to use",
        ),
        ("`FNT_PARALLEL`", "`--parallel`", "`parallel`", "4", "files sent at once, 1 to 32"),
        ("`FNT_TIMEOUT`", "`--timeout`", "`timeout`", "", "end a command after `20s`, `5m`, `2h`"),
        ("", "`--ca-file`", "`ca_file`", "", "certificates to trust in place of the system's"),
        (
            "",
            "`--insecure-http`",
            "`insecure_http`",
            "false",
            "allow plain `http://` to other machines",
        ),
        ("`FNT_NO_KEYRING`", "", "`no_keyring`", "false", "never ask the system's keyring"),
        ("`FNT_TOKEN`", "", "", "", "a personal token; overrides a login"),
        (
            "`FNT_CONFIG_DIR`",
            "",
            "",
            "the system's settings folder for `fnt`",
            "where the files below are",
        ),
    ),
    note="Precedence: flag, environment, .fnt.toml, profile, config.toml.",
)

FORMATS = Topic(
    title="Formats of a result",
    page="results.md",
    head=("format", "what it is", "good for"),
    rows=(
        ("`txt`", "one sentence a line", "reading, other tools"),
        ("`csv`", "a table with a header row", "spreadsheets, flash cards"),
        ("`jsonl`", "one JSON object a line", "large books, streams"),
        (
            "`json`",
            "one document that also says from which file and with which settings",
            "programs, archives",
        ),
        ("`xlsx`", "a workbook (extra `xlsx`)", "spreadsheets"),
        ("`anki`", "flash cards, an `.apkg` file (extra `anki`)", "learning with Anki"),
    ),
)

EVENTS = Topic(
    title="Events of --jsonl",
    page="scripts.md",
    head=("type", "when", "fields"),
    rows=(
        ("`upload.progress`", "bytes of a file were sent", "`file`, `sent_bytes`, `size_bytes`"),
        (
            "`link.state`",
            "the connection changed",
            "`status`, `attempt`, `retry_in_s`, `poll_every_s`, `reason`",
        ),
        ("`job.progress`", "a job changed", "`job`"),
        ("`job.ended`", "a job completed, failed or was cancelled", "`job`"),
        ("`output.written`", "a result was saved", "`job_id`, `path`"),
        ("`warning`", "a file was refused", "`file`, `code`, `message`"),
        ("`run.finished`", "once, at the end, whatever happened", "`exit_code`, `counts`, `error`"),
    ),
    note="Every event has v, seq, ts and type.",
)

TROUBLE = Topic(
    title="What fnt doctor looks at",
    page="troubleshooting.md",
    head=("check", "what is looked at", "when it is not well"),
    rows=(
        (
            "`settings`",
            "flags, environment and files, and where the server's address comes from",
            "correct the file or variable that is named; `fnt config list --show-origin`",
        ),
        (
            "`terminal`",
            "encoding, color, size",
            "`PYTHONUTF8=1` or a UTF-8 locale; a wider window, or `--plain`",
        ),
        ("`folder`", "whether results can be written here, and the room left", "`-o DIR`"),
        (
            "`keyring`",
            "whether there is a safe one and it answers within 3 s",
            "unlock it, or set `FNT_TOKEN`, or `fnt login --insecure-storage`",
        ),
        (
            "`proxy`",
            "the proxy of the environment; never one for this machine's own server",
            "correct `HTTPS_PROXY`, or name the server in `NO_PROXY`",
        ),
        ("`name`", "the address of the server's name", "correct `--server`; ask your DNS"),
        ("`tcp`", "a connection", "start the server, correct the port, open the firewall"),
        (
            "`tls`",
            "the certificate: authority, name, end",
            "`--ca-file FILE` for your own authority; renew it two weeks before its end",
        ),
        ("`rest`", "whether an fnt-server answers", "correct `--server`; start what is behind"),
        ("`clock`", "the server's clock beside yours, 30 s at most", "set the wrong one (NTP)"),
        ("`login`", "the token: whose, where kept, until when", "`fnt login`, a new `FNT_TOKEN`"),
        ("`version`", "the server's version beside yours", "upgrade the older one"),
        ("`database`", "what the server says of it", "start it"),
        ("`broker`", "what the server says of it", "start it; jobs keep running, told of late"),
        ("`workers`", "how many are alive", "`fnt-server worker`"),
        (
            "`websocket`",
            "whether an upgrade gets through",
            "let the proxy pass `/socket.io/` with `Upgrade`; jobs are polled meanwhile",
        ),
        (
            "`origin`",
            "a client without Origin is accepted, a foreign page is not",
            "`FNT_CORS_ORIGINS` of the server",
        ),
        ("`join`", "the room of your newest job, joined and answered", "the server's log"),
    ),
    note="What a failed check makes pointless is not tried. fnt doctor runs them all.",
)

TOPICS: Mapping[str, Topic] = {
    "exit-codes": EXIT_CODES,
    "environment": ENVIRONMENT,
    "formats": FORMATS,
    "events": EVENTS,
    "troubleshooting": TROUBLE,
}
