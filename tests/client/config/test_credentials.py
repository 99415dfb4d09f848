"""Credentials: the keyring with a time limit, and the owner-only file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading

import pytest
from keyring.backends import chainer, fail, null

from fakes import FakeKeyring
from fnt.config.credentials import CredentialStore, Tokens
from fnt.config.credentials import keyring_store as vault_module
from fnt.config.credentials.keyring_store import KeyringError, find_safe_backend
from fnt.errors import TemporaryError, UsageError
from fnt.files import file_lock

ORIGIN = "http://127.0.0.1:5000"
TOKENS = Tokens(access_token="a-canary", refresh_token="r-canary", expires_at=5.0, email="a@b.fr")


def make_store(tmp_path, *, origin=ORIGIN, no_keyring=False, keyring=None, timeout_s=3.0):
    return CredentialStore(
        origin=origin,
        config_dir=tmp_path,
        no_keyring=no_keyring,
        keyring=keyring,
        timeout_s=timeout_s,
    )


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_tokens_repr_shows_no_secret():
    assert "canary" not in repr(TOKENS)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"access_token": 1}', "x" * 9, "[" * 5000]
)
def test_tokens_from_rubbish_are_none(text):
    assert Tokens.from_json(text) is None


def test_tokens_with_wrong_types_are_none():
    assert Tokens.from_json(TOKENS.to_json().replace('"a-canary"', "7")) is None


def test_store_keeps_in_the_keyring(tmp_path):
    keyring = FakeKeyring()
    store = make_store(tmp_path, keyring=keyring)

    assert store.save(TOKENS) == "the system keyring (fake)"
    assert make_store(tmp_path, keyring=keyring).load() == TOKENS
    assert list(tmp_path.iterdir()) == []


def test_store_is_bound_to_the_origin(tmp_path):
    keyring = FakeKeyring()
    make_store(tmp_path, keyring=keyring).save(TOKENS)

    assert make_store(tmp_path, keyring=keyring, origin="https://evil.example").load() is None


@pytest.mark.parametrize(
    "other", ["http://127.0.0.1", "https://127.0.0.1:5000", "http://127-0.0.1"]
)
def test_store_file_is_bound_to_the_origin(tmp_path, other):
    make_store(tmp_path, no_keyring=True).save(TOKENS, insecure_storage=True)

    assert make_store(tmp_path, no_keyring=True, origin=other).load() is None


def test_store_writes_no_plain_text_unasked(tmp_path):
    with pytest.raises(UsageError) as caught:
        make_store(tmp_path, no_keyring=True).save(TOKENS)

    assert "--insecure-storage" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX modes")
def test_store_file_is_private_from_creation(tmp_path):
    old = os.umask(0)
    try:
        store = make_store(tmp_path / "new", no_keyring=True)
        store.save(TOKENS, insecure_storage=True)
    finally:
        os.umask(old)

    folder = tmp_path / "new" / "credentials"
    (file,) = folder.iterdir()
    assert (mode(file), mode(folder), mode(tmp_path / "new")) == (0o600, 0o700, 0o700)


def test_store_keeps_using_the_file_chosen_at_login(tmp_path):
    keyring = FakeKeyring()
    make_store(tmp_path, keyring=keyring).save(TOKENS, insecure_storage=True)

    store = make_store(tmp_path, keyring=keyring)
    store.save(TOKENS)

    assert keyring.secrets == {}
    assert store.load() == TOKENS


def test_store_file_supersedes_an_older_login_in_the_keyring(tmp_path):
    keyring = FakeKeyring()
    store = make_store(tmp_path, keyring=keyring)
    store.save(TOKENS)
    store.save(TOKENS, insecure_storage=True)

    assert keyring.secrets == {}


def test_store_delete_forgets_both(tmp_path):
    keyring = FakeKeyring()
    store = make_store(tmp_path, keyring=keyring)
    store.save(TOKENS, insecure_storage=True)
    keyring.set_password("fnt", ORIGIN, "old")

    store.delete()

    assert keyring.secrets == {}
    assert store.load() is None


def test_store_refuses_a_link_in_place_of_the_file(tmp_path):
    store = make_store(tmp_path, no_keyring=True)
    store.save(TOKENS, insecure_storage=True)
    (file,) = (tmp_path / "credentials").iterdir()
    target = tmp_path / "elsewhere"
    file.rename(target)
    file.symlink_to(target)

    with pytest.raises(UsageError, match="is a symbolic link"):
        store.load()
    with pytest.raises(UsageError, match="is a symbolic link"):
        store.save(TOKENS)


def test_store_refuses_a_link_in_place_of_the_folder(tmp_path):
    (tmp_path / "credentials").symlink_to(tmp_path)

    with pytest.raises(UsageError, match="is a symbolic link"):
        make_store(tmp_path, no_keyring=True).save(TOKENS, insecure_storage=True)


def test_store_unwritable_folder_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be created"):
        make_store(tmp_path / "file", no_keyring=True).save(TOKENS, insecure_storage=True)


def test_store_describes_its_location(tmp_path):
    assert make_store(tmp_path, keyring=FakeKeyring()).where() == "the system keyring (fake)"
    assert str(tmp_path) in make_store(tmp_path, no_keyring=True).where()


class SilentKeyring(FakeKeyring):
    """A locked keyring, which never responds."""

    def __init__(self):
        super().__init__()
        self.release = threading.Event()

    def get_password(self, service, username):
        self.release.wait(30)


class ForgetfulKeyring(FakeKeyring):
    """Accepts secrets but stores nothing."""

    def set_password(self, service, username, password):
        pass


class RaisingKeyring(FakeKeyring):
    def get_password(self, service, username):
        raise OSError("no bus")


def test_keyring_that_hangs_times_out(tmp_path):
    keyring = SilentKeyring()
    try:
        with pytest.raises(KeyringError, match=r"did not respond within 0\.05 s") as caught:
            make_store(tmp_path, keyring=keyring, timeout_s=0.05).load()
    finally:
        keyring.release.set()

    assert "--insecure-storage" in caught.value.hint


def test_keyring_verifies_what_it_stored(tmp_path):
    with pytest.raises(KeyringError, match="did not store"):
        make_store(tmp_path, keyring=ForgetfulKeyring()).save(TOKENS)


def test_keyring_failure_hides_the_backends_message(tmp_path):
    with pytest.raises(KeyringError, match=r"failed \(OSError\)"):
        make_store(tmp_path, keyring=RaisingKeyring()).load()


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring()])
def test_keyring_ignores_backends_that_store_nothing(tmp_path, monkeypatch, backend):
    monkeypatch.setattr("keyring.get_keyring", lambda: backend)  # the library's own global

    assert find_safe_backend() is None
    assert make_store(tmp_path).load() is None
    with pytest.raises(KeyringError, match="no secure keyring"):
        make_store(tmp_path).save(TOKENS)
    assert make_store(tmp_path).where().startswith("nowhere")


def test_keyring_skips_plaintext_backends_in_a_chain(monkeypatch):
    plain = type("PlaintextKeyring", (FakeKeyring,), {"__module__": "keyrings.alt.file"})()
    good = FakeKeyring()
    chain = type("Chain", (chainer.ChainerBackend,), {"backends": [plain, good]})()
    monkeypatch.setattr("keyring.get_keyring", lambda: chain)  # the library's own global

    assert find_safe_backend() is good


@pytest.mark.slow
def test_keyring_is_imported_on_first_use():
    code = "import sys, fnt.config.credentials; sys.exit('keyring' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert vault_module.SERVICE == "fnt"


def test_lock_keeps_others_out_until_released(tmp_path):
    path = tmp_path / "x.lock"

    with file_lock(path), pytest.raises(TemporaryError), file_lock(path, timeout_s=0.2):
        pass
    with file_lock(path, timeout_s=0):
        pass


def test_store_lock_makes_its_folder(tmp_path):
    with make_store(tmp_path).lock():
        assert (tmp_path / "credentials").is_dir()
