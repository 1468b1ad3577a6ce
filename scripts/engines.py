"""Runs a command with a private PostgreSQL, and says in one sentence what a machine lacks for the engine tests.

    python scripts/engines.py run -- pytest -m engines
    python scripts/engines.py check

The server listens on a free loopback port, keeps its files in a temporary folder and ends with the
command, however that ends. The command's own process group ends with it, so that no Spark stays behind.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

LEAST_JAVA = 17
START_SECONDS = 60
STOP_SECONDS = 20


class MissingTool(Exception):
    """Something has to be installed first; the message is the sentence to show."""


def postgres_programs() -> Path:
    """The folder of initdb and postgres: Debian's newest, else the one on PATH. Raises MissingTool."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    folders.sort(key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise MissingTool(
        "PostgreSQL's initdb is neither on PATH nor in /usr/lib/postgresql: install Debian's `postgresql`."
    )


def require_java() -> None:
    """Raises MissingTool unless a Java runs that Spark can use."""
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    advice = f"Spark needs Java {LEAST_JAVA} or newer: install Debian's `default-jre-headless`."
    if not java or not Path(java).exists():
        raise MissingTool(f"There is no java on PATH. {advice}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if not version or int(version.group(1)) < LEAST_JAVA:
        raise MissingTool(f"{java} is too old ({said.splitlines()[0] if said else 'no answer'}). {advice}")


def server_account() -> pwd.struct_passwd | None:
    """Whom the server runs as: root may not, so `postgres` or `nobody` then; None means oneself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise MissingTool("PostgreSQL does not run as root, and there is no account `postgres` or `nobody`: add one.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(server: subprocess.Popen[bytes], programs: Path, port: int, log: Path) -> None:
    """Returns when the server takes connections; raises RuntimeError with its log when it does not start."""
    deadline = time.monotonic() + START_SECONDS
    ask = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while time.monotonic() < deadline and server.poll() is None:
        if subprocess.run(ask, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(
        f"The private PostgreSQL did not start; its log says:\n{log.read_text(errors='replace')[-2000:]}"
    )


def stop(process: subprocess.Popen[bytes], signals: Sequence[signal.Signals]) -> None:
    """Ends a process that was started here: asks first, insists in the end."""
    for number in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """What makes subprocess start a program as that account."""
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def make_cluster(programs: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    """An empty cluster in the folder, sorting as people do, so that reliance on byte order shows.

    Raises RuntimeError with initdb's message.
    """
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    options = [
        "-U",
        "clm",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale-provider=icu",
        "--icu-locale=en-US",
        "--locale=C.UTF-8",
    ]
    made = subprocess.run(
        [str(programs / "initdb"), "-D", str(folder / "data"), *options, "--no-sync"],
        cwd=folder, capture_output=True, text=True, check=False, **identity(account),
    )  # fmt: skip
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{made.stderr[-2000:]}")


def start_server(programs: Path, folder: Path, account: pwd.struct_passwd | None, port: int) -> subprocess.Popen[bytes]:
    """The server as a child of this process, in a group of its own so that Ctrl-C reaches it through us only."""
    # statements over a demo are done sooner than they are compiled
    local = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    options = {**local, "fsync": "off", "jit": "off", "timezone": "UTC"}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *settings],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, **identity(account),
        )  # fmt: skip


@contextlib.contextmanager
def private_postgres() -> Iterator[dict[str, str]]:
    """A new server with an empty database; yields the settings with which the target `postgres` finds it.

    Raises MissingTool when PostgreSQL is not installed, RuntimeError when it does not start.
    """
    programs, account, port = postgres_programs(), server_account(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="clm-postgres-"))
    server: subprocess.Popen[bytes] | None = None
    try:
        make_cluster(programs, folder, account)
        server = start_server(programs, folder, account, port)
        wait_until_ready(server, programs, port, folder / "log")
        yield {
            "CLM_POSTGRES_HOST": "127.0.0.1",
            "CLM_POSTGRES_PORT": str(port),
            "CLM_POSTGRES_USER": "clm",
            "CLM_POSTGRES_PASSWORD": "",
            "CLM_POSTGRES_DATABASE": "postgres",
        }
    finally:
        if server is not None:
            stop(server, (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))
        shutil.rmtree(folder, ignore_errors=True)


def run_command(command: list[str], settings: dict[str, str]) -> int:
    """Runs the command with these settings and returns its exit code; its process group never outlives it."""
    child = subprocess.Popen(command, env={**os.environ, **settings}, process_group=0)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def leave(number: int, _frame: FrameType | None) -> NoReturn:
    """A signal handler: leaves by an exception, so that everything started here is stopped on the way out."""
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Runs a command with a private PostgreSQL; stops it afterwards.")
    parser.add_argument("what", choices=["run", "check"], help="check: only say what is missing on this machine")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the command of `run`, after --")
    chosen = parser.parse_args(arguments)
    command = [part for part in chosen.command if part != "--"]
    if chosen.what == "run" and not command:
        parser.error("`run` needs a command after --")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        require_java()
        postgres_programs()
        server_account()
        if chosen.what == "check":
            return 0
        with private_postgres() as settings:
            return run_command(command, settings)
    except (MissingTool, RuntimeError) as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
