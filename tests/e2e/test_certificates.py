"""Which certificates are trusted: by REST and socket alike, wherever they are named."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.certificates import make_certificate
from e2e.harness import ClientHome, RestClient, ServerProcess
from e2e.proxy import FaultProxy, proxied
from pdfs import make_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
UPLOAD = ("upload", "novel.pdf", "--watch", "--transport", "ws", "--give-up", "20", "-o", "out/")


@pytest.fixture
def encrypted(
    tmp_path: Path, shared_server: ServerProcess, make_client: MakeClient
) -> Iterator[tuple[ClientHome, Path, FaultProxy]]:
    """A client whose server is behind TLS, and the certificate of its authority."""
    authority, tls = make_certificate(tmp_path, days=30)
    home, rest = make_client(shared_server)
    with proxied(shared_server.port, tls=tls) as front:
        home.environ |= {"FNT_SERVER": front.url, "FNT_TOKEN": rest.token}
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            home.environ.pop(name, None)
        (home.folder / "novel.pdf").write_bytes(make_pdf())
        yield home, authority, front


def folder_of(authority: Path) -> Path:
    """Return a folder as OpenSSL looks it up: by the hash of the subject's name."""
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(authority)]
    name = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    folder = authority.parent / "hashed"
    folder.mkdir()
    shutil.copy(authority, folder / f"{name}.0")
    return folder


def test_an_authority_that_nobody_named_is_not_trusted(
    encrypted: tuple[ClientHome, Path, FaultProxy],
) -> None:
    home, _, front = encrypted

    done = home.run("jobs", "list")

    assert done.returncode == 2
    assert "is not trusted: self-signed certificate" in done.stderr
    assert "--ca-file" in done.stderr
    assert front.bytes_up == 0


@pytest.mark.parametrize(
    "files",
    [pytest.param(("novel.pdf",), marks=pytest.mark.faults), ("novel.pdf", "second.pdf")],
    ids=len,
)
@pytest.mark.parametrize("command", [("upload", "-w"), ("upload", "-d"), ("batch", "run")])
def test_files_are_not_at_fault_when_the_authority_is_not_trusted(
    encrypted: tuple[ClientHome, Path, FaultProxy],
    command: tuple[str, ...],
    files: tuple[str, ...],
) -> None:
    home, _, _ = encrypted
    (home.folder / "second.pdf").write_bytes(make_pdf(pages=2))
    (home.folder / "books.txt").write_text("\n".join(files))

    done = home.run(*command, *(files if command[0] == "upload" else ["books.txt"]))

    assert (done.returncode, "is not trusted" in done.stderr) == (2, True), done.stderr
    assert "--ca-file" in done.stderr
    assert "refused" not in done.stderr


@pytest.mark.parametrize("by", ["--ca-file", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_an_authority_that_was_named_is_trusted_by_rest_and_socket(
    encrypted: tuple[ClientHome, Path, FaultProxy], by: str
) -> None:
    home, authority, _ = encrypted
    given = []
    if by == "--ca-file":
        given = [by, str(authority)]
    else:
        home.environ[by] = str(folder_of(authority) if by == "SSL_CERT_DIR" else authority)

    home.run_ok(*given, *UPLOAD)

    assert list((home.folder / "out").iterdir())


def test_ca_file_overrides_the_environment(
    encrypted: tuple[ClientHome, Path, FaultProxy], tmp_path: Path
) -> None:
    home, authority, _ = encrypted
    (tmp_path / "other").mkdir()
    other, _ = make_certificate(tmp_path / "other", days=30)
    home.environ["SSL_CERT_FILE"] = str(authority)

    done = home.run("--ca-file", str(other), "jobs", "list")

    assert (done.returncode, "is not trusted" in done.stderr) == (2, True)


def test_an_environment_that_names_no_certificates_is_told(
    encrypted: tuple[ClientHome, Path, FaultProxy],
) -> None:
    home, _, _ = encrypted
    home.environ["SSL_CERT_FILE"] = "none.pem"

    done = home.run(*UPLOAD)

    assert done.returncode == 2
    assert "cannot read certificates from none.pem" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="mounts over the store of Linux")
def test_an_authority_in_the_systems_store_is_trusted_by_rest_and_socket(
    encrypted: tuple[ClientHome, Path, FaultProxy],
) -> None:
    home, authority, _ = encrypted
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("may not mount here")
    paths = ssl.get_default_verify_paths()
    stores = [paths.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"]
    store = next((path for path in stores if Path(path).is_file()), None)
    if store is None:
        pytest.skip("this system has no store")

    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, str(authority), store,
         sys.executable, "-m", "fnt", *UPLOAD],
        cwd=home.folder, env=home.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
