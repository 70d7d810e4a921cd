"""install.sh asks the loader what is missing, with an ldd and an apt-get that are only scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LDD = """#!/bin/bash
# Says of a file what lies beside it as ldd.FILE; a library in `installed` is there.
for file in "$@"; do
    while IFS= read -r line; do
        library=${line%% *}
        grep -qsx "$library" "$WORLD/installed" && line="$library => /lib/$library"
        echo "  $line"
    done <"$(dirname "$file")/ldd.$(basename "$file")"
done
"""
APT = """#!/bin/bash
echo "$*" >>"$WORLD/apt"
case "$*" in *" install libatomic1") echo libatomic.so.1 >>"$WORLD/installed" ;; esac
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name, text in (("ldd", LDD), ("apt-get", APT), ("sudo", '#!/bin/sh\nexec "$@"\n')):
        program = tmp_path / "bin" / name
        program.write_text(text, encoding="ascii")
        program.chmod(0o755)
    return tmp_path


def binary(world: Path, name: str, *lacks: str) -> Path:
    path = world / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF")
    path.with_name(f"ldd.{path.name}").write_text("".join(f"{line}\n" for line in lacks), encoding="ascii")
    return path


def shell(world: Path, commands: str, *words: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'source "{ROOT}/install.sh"; {commands}', "install.sh", *words],
        env={**os.environ, "WORLD": str(world), "PATH": f"{world}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_known_library_is_installed_from_its_package(world: Path) -> None:
    node = binary(world, "node", "libc.so.6 => /lib/libc.so.6 (0x0)", "libatomic.so.1 => not found")
    done = shell(world, 'need_libraries "$@"', node)
    assert done.returncode == 0, done.stderr
    assert "install libatomic1" in (world / "apt").read_text()


def test_a_file_that_the_loader_refuses_stops_nothing(world: Path) -> None:
    (world / "text.so").write_text("no program")  # this ldd ends with an error, too
    assert shell(world, 'need_libraries "$@"; echo on', world / "text.so").stdout == "on\n"


def test_nothing_is_installed_where_nothing_lacks(world: Path) -> None:
    done = shell(world, 'need_libraries "$@"', binary(world, "node", "libc.so.6 => /lib/libc.so.6 (0x0)"))
    assert done.returncode == 0 and not (world / "apt").exists()


def test_an_unknown_library_is_named_with_its_binary(world: Path) -> None:
    done = shell(world, 'need_libraries "$@"', binary(world, "odd.so", "libodd.so.7 => not found"))
    assert done.returncode == 1
    assert f"{world}/odd.so needs the library libodd.so.7, which this system does not have" in done.stderr


@pytest.mark.parametrize(
    "said",
    [
        "node: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.99' not found (required by node)",
        "node: error while loading shared libraries: libc.so.6: cannot open shared object file",
    ],
)
def test_the_loaders_own_errors_are_told(world: Path, said: str) -> None:
    done = shell(world, 'need_libraries "$@"', binary(world, "node", said))
    assert done.returncode == 1
    assert f"{world}/node needs the library libc.so.6" in done.stderr


def test_a_library_that_comes_with_another_module_is_not_missing(world: Path) -> None:
    module = binary(world, "tree/.venv/lib/python3.11/site-packages/one.so", "libown-1a2b.so => not found")
    binary(world, "tree/.venv/lib/python3.11/site-packages/other.libs/libown-1a2b.so")
    assert shell(world, 'need_libraries "$@"', module).returncode == 0


def test_the_node_and_every_module_of_a_venv_are_asked(world: Path) -> None:
    venv = world / "tree/.venv"
    node = binary(world, "tree/.venv/lib/python3.11/site-packages/playwright/driver/node", "libx.so => not found")
    assert str(node) in shell(world, 'need_driver "$1"', venv).stderr
    node.with_name("ldd.node").write_text("")
    assert shell(world, 'need_driver "$1"', venv).returncode == 0
    module = binary(world, "tree/.venv/lib/python3.11/site-packages/re2/_re2.so", "liby.so => not found")
    assert str(module) in shell(world, 'need_modules "$1"', venv).stderr


def test_this_machines_own_programs_lack_nothing() -> None:
    done = subprocess.run(
        ["bash", "-c", f'source "{ROOT}/install.sh"; lacking "$@"', "install.sh", shutil.which("bash") or ""],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_a_moved_or_copied_tree_gets_a_venv_of_its_own(world: Path) -> None:
    for name in ("one", "two"):
        (world / name).mkdir()
        (world / name / "lock").write_text("same")
        (world / name / "pyproject.toml").write_text("same")
    stamps = shell(world, 'for one in "$@"; do stamp_of "$one" "$one/lock"; done', world / "one", world / "two")
    first, second = stamps.stdout.split()
    assert first != second and len(first) == 64


def test_a_tree_that_cannot_be_written_is_named_in_one_sentence(world: Path) -> None:
    there = (
        'need_driver() { :; }; need_python() { echo asked; }; make_venv /proc/sys "$1"'  # nobody may write there
    )
    (world / "lock").write_text("")
    done = shell(world, f"stamp_of() {{ echo x; }}; {there}", world / "lock")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("install.sh: /proc/sys cannot be written")
    assert len(done.stderr.splitlines()) == 1
