"""Plants one fault after the other in a copy of the project and tells which ones the tests do not notice.

    python scripts/mutants.py                      all faults of scripts/mutants.yml, each by the checks it names
    python scripts/mutants.py --file macros/       those of some files
    python scripts/mutants.py --project ../other   the same faults in another checkout

A fault is a text that stands once in a file and what it becomes. `unit` names models whose unit tests see it, `pytest`
the arguments for pytest. A fault is caught as soon as one of its checks fails; the exit code is 1 when one is not.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import click
import yaml
from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).resolve().parents[1]


@dataclass
class Mutant:
    """One fault, and the checks that are asked about it."""

    file: str
    was: str
    becomes: str
    unit: list[str] = field(default_factory=list)
    pytest: str = ""
    survives: str = ""  # why no test can see it


class Copy:
    """A copy of the project that may be broken, with the demo built in it, which unit tests need."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=project, capture_output=True, check=True
        ).stdout.split(b"\0")
        for name in (os.fsdecode(one) for one in listed if one):
            if (project / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes((project / name).read_bytes())
        self.shared = {"CLM_SHARED_DATA": os.environ.get("CLM_SHARED_DATA", str(project.parent / "shared" / "data"))}
        os.environ["CLM_DUCKDB_PATH"] = str(folder / "clm.duckdb")
        os.environ["CLM_THREADS"] = "1"
        if not self.dbt("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"):
            raise click.ClickException("The demo cannot be built, so no fault can be looked for.")

    def dbt(self, *arguments: str) -> bool:
        place = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        target = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        with contextlib.redirect_stdout(io.StringIO()):
            result = dbtRunner().invoke([*arguments, "--quiet", "--log-level-file", "none", *place, *target])
        return bool(result.success)

    def is_noticed(self, mutant: Mutant) -> bool:
        """Whether a check fails; raises ClickException where the fault's text does not stand once in its file."""
        path = self.folder / mutant.file
        sound = path.read_text(encoding="utf-8") if path.exists() else ""
        if sound.count(mutant.was) != 1:
            raise click.ClickException(f"{mutant.file} has this {sound.count(mutant.was)} times: {mutant.was}")
        path.write_text(sound.replace(mutant.was, mutant.becomes), encoding="utf-8")
        try:
            for model in mutant.unit:
                if not any(self.folder.glob(f"models/**/{model}.unit_tests.yml")):
                    raise click.ClickException(f"{model} has no unit tests that could see {mutant.becomes}")
            select = [f"{model},test_type:unit" for model in mutant.unit]
            if select and not self.dbt("test", "--select", *select):
                return True
            if mutant.pytest:
                command = [sys.executable, "-m", "pytest", "-x", "-q", *shlex.split(mutant.pytest)]
                environment = {**os.environ, **self.shared}
                ended = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
                if ended.returncode not in (0, 1):
                    raise click.ClickException(f"pytest {mutant.pytest} does not run: {ended.stdout[-2000:]}")
                return ended.returncode == 1
            return False
        finally:
            path.write_text(sound, encoding="utf-8")


@click.command()
@click.option("--project", type=click.Path(path_type=Path, file_okay=False), default=PROJECT, help="Another checkout.")
@click.option("--file", "prefix", default="", help="Only faults of files that begin so.")
def main(project: Path, prefix: str) -> None:
    """Runs the faults and lists those that no check noticed."""
    text = (PROJECT / "scripts" / "mutants.yml").read_text(encoding="utf-8")
    mutants = [Mutant(**one) for one in yaml.safe_load(text)]
    missed = []
    with tempfile.TemporaryDirectory(prefix="clm-mutants-") as folder:
        copy = Copy(project.resolve(), Path(folder))
        chosen = [mutant for mutant in mutants if mutant.file.startswith(prefix)]
        for number, mutant in enumerate(chosen, 1):
            caught = copy.is_noticed(mutant)
            verdict = "caught" if caught else f"survives: {mutant.survives}" if mutant.survives else "MISSED"
            click.echo(f"{number:3} of {len(chosen)} {verdict}  {mutant.file}: {mutant.was} -> {mutant.becomes}")
            if not caught and not mutant.survives:
                missed.append(mutant)
    click.echo(f"{len(chosen) - len(missed)} of {len(chosen)} faults are caught or explained, {len(missed)} missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
