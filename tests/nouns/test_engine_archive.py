"""A package of wa-js is believed in nothing: whatever is wrong with it, it is refused, and nothing is written."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import wajs_packages as made
from wabox.errors import Invalid
from wabox.renewal import archive, store
from wabox.whatsapp import wajs
from wabox.whatsapp.driver import WaJs

GOOD = made.package("4.7.0")


def small(version: str) -> bytes:
    """A package with next to no script."""
    return made.package(version, f'/*! wppconnect-team/wa-js v{version} */ t.version="{version}";'.encode())


SMALL = small("4.7.0")


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.size, found.linkname = kind, size, link
    return found


def wrong(raw: bytes, sha512: str | None = None) -> str:
    with pytest.raises(Invalid) as refused:
        archive.read(raw, sha512=sha512)
    assert refused.value.code == "bad_engine"
    return refused.value.sentence


def test_a_package_as_npm_packs_it_is_read() -> None:
    package = archive.read(GOOD)
    assert package.version == "4.7.0"
    assert package.sha256 == hashlib.sha256(package.script).hexdigest()
    assert package.sha512 == hashlib.sha512(GOOD).hexdigest()
    assert package.notice is not None
    assert b"Apache License" in package.licence


def test_its_hash_may_be_given_as_people_and_as_npm_write_it() -> None:
    digest = hashlib.sha512(GOOD).digest()
    npm = f"sha512-{base64.b64encode(digest).decode()}"
    assert archive.read(GOOD, sha512=digest.hex().upper()) == archive.read(GOOD, sha512=f" {npm}\n")
    other = hashlib.sha512(b"another").digest()
    assert (
        wrong(GOOD, other.hex()) == wrong(GOOD, f"sha512-{base64.b64encode(other).decode()}") == archive.WRONG_HASH
    )
    for bad in ("", "sha512-", "ab", "sha256-" + "a" * 44, "sha512-" + "!" * 88, digest.hex()[:-2]):
        assert wrong(GOOD, bad) == archive.BAD_HASH


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "package", "package/../x", "/package/x", "package//x", "package/./x", "other/x", "package\\..\\x"],
)
def test_a_name_outside_the_package_is_refused(name: str) -> None:
    assert "holds something" in wrong(made.archive(made.files("4.7.0"), member(name, size=1)))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    link = member("package/link", kind, link="package/LICENSE")
    assert "package/link" in wrong(made.archive(made.files("4.7.0"), link))


def test_a_file_that_is_there_twice_is_refused() -> None:
    assert "LICENSE" in wrong(made.archive(made.files("4.7.0"), member("package/LICENSE", size=3)))


def test_directories_are_let_be() -> None:
    assert (
        archive.read(made.archive(made.files("4.7.0"), member("package/dist", tarfile.DIRTYPE))).version == "4.7.0"
    )


@pytest.mark.parametrize(
    "gone", ["package__LICENSE", "package__package_dot_json", "package__dist__wppconnect-wa_dot_js"]
)
def test_without_one_of_its_files_it_is_refused(gone: str) -> None:
    assert "lacks" in wrong(made.archive(made.files("4.7.0", **{gone: None})))


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}",
        b"[]",
        b"no json",
        b'{"name": "@wppconnect/wa-js"}',
        b'{"name": "@wppconnect/other", "version": "4.7.0"}',
        b'{"name": "@wppconnect/wa-js", "version": "../../4.7.0"}',
        b'{"name": "@wppconnect/wa-js", "version": "4.7"}',
        b'{"name": "@wppconnect/wa-js", "version": "4.7.1"}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_that_says_something_else_is_refused(manifest: bytes) -> None:
    assert wrong(made.archive(made.files("4.7.0", package__package_dot_json=manifest)))


def test_a_script_of_another_version_or_no_script_is_refused() -> None:
    for text in (made.script("4.6.9"), b"", b"\xff" * 900, made.script("4.7.0").replace(b'.version="4.7.0"', b"")):
        assert wrong(made.package("4.7.0", text)) == archive.DISAGREES


def test_another_licence_is_refused() -> None:
    assert wajs.LICENCE in wrong(made.archive(made.files("4.7.0", package__LICENSE=b"all rights reserved")))
    for licence in ('"UNLICENSED"', "null", "[]"):
        manifest = f'{{"name": "{wajs.NAME}", "version": "4.7.0", "license": {licence}}}'.encode()
        assert wajs.LICENCE in wrong(made.archive(made.files("4.7.0", package__package_dot_json=manifest)))


def test_what_is_too_large_is_refused_before_it_is_unpacked() -> None:
    assert wrong(b"x" * (archive.MOST_PACKED + 1)) == archive.TOO_LARGE
    bomb = gzip.compress(b"\0" * (archive.MOST_UNPACKED + 512), mtime=0)
    assert len(bomb) < 20_000
    assert wrong(bomb) == archive.TOO_LARGE
    many = [member(f"package/{n}") for n in range(archive.MOST_FILES)]
    assert "holds something" in wrong(made.archive(made.files("4.7.0"), *many))


@pytest.mark.parametrize(
    "raw", [b"", b"PK\3\4 zip", gzip.compress(b"no tar at all", mtime=0), GOOD[:-9], GOOD + b"x", GOOD + GOOD]
)
def test_what_is_no_archive_is_refused(raw: bytes) -> None:
    assert wrong(raw) in (archive.NO_ARCHIVE, archive.LACKS % {"name": archive.MANIFEST})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damaged_archive_is_taken_for_a_good_one(data: st.DataObject) -> None:
    tar = bytearray(gzip.decompress(SMALL))
    at = data.draw(st.integers(0, len(tar) - 1))
    tar[at] ^= data.draw(st.integers(1, 255))
    raw = io.BytesIO(gzip.compress(bytes(tar), mtime=0)).getvalue()
    try:
        found = archive.read(raw)
    except Invalid as refused:
        assert refused.code == "bad_engine"
    else:
        assert found.version == "4.7.0"


def test_it_lies_read_only_and_what_was_altered_is_put_right(tmp_path: Path) -> None:
    package = archive.read(SMALL)
    engine = store.keep(tmp_path / "engine", package)
    assert engine.source().endswith('t.version="4.7.0";')
    assert [one.stat().st_mode & 0o777 for one in sorted(engine.path.parent.iterdir())] == [0o400] * 3
    assert (tmp_path / "engine").stat().st_mode & 0o077 == 0
    assert store.keep(tmp_path / "engine", package) == engine
    engine.path.chmod(0o600)
    engine.path.write_bytes(b"altered")
    with pytest.raises(wajs.Altered):
        engine.source()
    assert not store.is_whole(engine)
    assert store.is_whole(store.keep(tmp_path / "engine", package))


def test_what_is_not_kept_any_more_goes_with_what_was_half_written(tmp_path: Path) -> None:
    one, two = (archive.read(small(version)) for version in ("4.7.0", "4.8.0"))
    kept = store.keep(tmp_path, one)
    store.keep(tmp_path, two)
    (tmp_path / "abcd.part").mkdir()
    (tmp_path / "abcd.part" / "half").write_text("x")
    (tmp_path / "stray").write_text("x")
    gone = store.clear(tmp_path, [WaJs(one.version, one.sha256)])
    assert gone == [wajs.directory_name("4.8.0", two.sha256), "abcd.part", "stray"]
    assert [path.name for path in tmp_path.iterdir()] == [kept.path.parent.name]
    assert store.clear(tmp_path / "nowhere", []) == []
