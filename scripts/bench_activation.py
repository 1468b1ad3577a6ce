"""Times the delivery to receivers on this machine, beside what the same receivers take from a bare loop.

    python scripts/bench_activation.py [--rows 20000] [--mails 5000] [--planned 5000000]

Rows a second over HTTP in batches of 100 (the destination `webhook`), e-mails a second over SMTP, and the peak memory
of `plan` and of `send` where so many rows are to do, and where all of them were sent before. The receivers are
processes of their own and do nothing but take. Rates depend on the machine; the ratio to the bare loop, which sends the
same bytes and keeps no ledger, is what to compare. Exit codes: 0 measured, 1 a run failed.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import click
import duckdb
import httpx

PROJECT = Path(__file__).resolve().parents[1]
SETTINGS = {
    "CLM_WEBHOOK_SECRET": "bench", "CLM_SMTP_HOST": "127.0.0.1", "CLM_SMTP_SECURITY": "none",
    "CLM_MAIL_FROM": "Shop <news@shop.example>", "CLM_MAIL_POSTAL_ADDRESS": "Shop, 1 Street",
    "CLM_UNSUBSCRIBE_URL": "https://shop.example/u/{token}", "CLM_UNSUBSCRIBE_SECRET": "bench",
}  # fmt: skip
SMALL = "set memory_limit = '2GB'; set preserve_insertion_order = false; set enable_progress_bar = false"


class Taking(BaseHTTPRequestHandler):
    """Takes every request and says so."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def take_http(pipe: Connection) -> None:
    """The process of the HTTP receiver."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    pipe.send(server.server_address[1])
    server.serve_forever()


async def smtp_session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The least of SMTP that a client needs."""
    writer.write(b"220 bench\r\n")
    while line := await reader.readline():
        command = line[:4].upper()
        if command == b"DATA":
            writer.write(b"354 go\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 taken\r\n")
        elif command == b"QUIT":
            break
        else:
            writer.write(b"250 bench\r\n")
    writer.close()


def take_mail(pipe: Connection) -> None:
    """The process of the mail receiver."""

    async def serve() -> None:
        server = await asyncio.start_server(smtp_session, "127.0.0.1", 0, limit=1 << 22)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def marts(database: Path, channel: str, count: int) -> None:
    """The marts that the exposures read, with so many messages of a channel."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(SMALL)
        connection.execute(f"""
            create or replace table segment_campaign as select 'send' as decision, 'eligible' as decision_reason,
                '{channel}' as channel, 'c1' as campaign_id, current_date as as_of_date;
            create or replace table activation_blocks (message_key varchar, block_reason varchar);
            create or replace table customer_profiles (person_key varchar, customer_id varchar);
            create or replace table campaign_outbox as
            select sha256('{channel}{count}/' || i) as message_key, sha256('p' || i) as person_key,
                'c' || i as customer_id,
                'c1' as campaign_id, '{channel}' as channel, 'a' as variant, 1 as wave, 'voucher' as offer,
                'winback_1' as template, 'p' || i || '@example.org' as address, 'Ann Onymous ' || i as full_name,
                'en' as language, 'loyal' as segment, 'Tea' as favourite_category,
                'p1, p2' as recommended_product_ids, timestamp '2026-01-01' as send_after,
                timestamp '2099-01-01' as send_before, cast(0.01 as decimal(18, 4)) as cost_amount,
                current_date as as_of_date, sha256('payload' || i) as payload_hash
            from range({count}) as r (i)""")


def acknowledge(database: Path) -> None:
    """A claim and an acknowledgement of every message in the ledger."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(SMALL)
        for place, state in enumerate(("claimed", "sent")):
            connection.execute(f"""
                insert into main_ledger.activation_event (event_id, message_key, channel, campaign_id, person_key, op,
                    state, run_id, batch_id, attempt, payload_hash, mapping_version, event_at)
                select message_key || '/1/{state}', message_key, channel, campaign_id, person_key, 'send', '{state}',
                    'r', left(message_key, 4), 1, payload_hash, 'webhook@', timestamp '2026-01-01 00:00:0{place}'
                from campaign_outbox""")


def alone(function: Callable[..., None], *arguments: object) -> None:
    """Runs it in a process of its own: a process begins with the peak memory of the one that started it."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        click.echo(f"{function.__name__} ended with {process.exitcode}", err=True)
        sys.exit(1)


def activate(folder: Path, *arguments: str) -> tuple[float, int]:
    """Runs the command; seconds that it said it took between its first and last wave, and its peak memory in MB."""
    place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target")]
    code = (
        "import runpy, sys, resource, atexit; atexit.register(lambda: print('peak', "
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)); sys.argv = sys.argv[1:]; "
        "sys.path.insert(0, sys.argv[0].rpartition(chr(47))[0]); "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", code, str(PROJECT / "scripts" / "activate.py"), *arguments, *place]
    process = subprocess.Popen([*command, "--log-format", "json"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    begin, end, peak = 0.0, 0.0, 0
    for line in process.stdout:
        if line.startswith("peak"):
            peak = int(line.split()[1])
        elif json.loads(line)["event"] == "begin":
            begin = time.perf_counter()
        elif json.loads(line)["event"] == "wave":
            end = time.perf_counter()
    if process.wait():
        click.echo(f"activate.py {arguments[0]} ended with {process.returncode}", err=True)
        sys.exit(1)
    return end - begin, peak


def bare_http(port: int, rows: int) -> float:
    """Rows a second of a loop that posts batches of a hundred and looks at nothing."""
    body = json.dumps({"rows": [{"key": "0" * 64, "data": {"text": "x" * 420}}] * 100}).encode()
    begin = time.perf_counter()
    with httpx.Client(trust_env=False) as client:
        for _ in range(rows // 100):
            client.post(f"http://127.0.0.1:{port}/", content=body)
    return rows / (time.perf_counter() - begin)


def bare_mail(port: int, count: int) -> float:
    """E-mails a second of a loop over one connection."""
    body = b"Subject: x\r\n\r\n" + b"x" * 3000
    begin = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for _ in range(count):
            server.sendmail("a@x.org", ["b@x.org"], body)
    return count / (time.perf_counter() - begin)


@click.command()
@click.option("--rows", type=int, default=20_000, show_default=True)
@click.option("--mails", type=int, default=5_000, show_default=True)
@click.option("--planned", type=int, default=5_000_000, show_default=True)
def main(rows: int, mails: int, planned: int) -> None:
    """Prints the rates, their ratios to a bare loop, and the peak memory."""
    with tempfile.TemporaryDirectory(prefix="clm-bench-") as folder:
        measure(Path(folder), rows, mails, planned)


def measure(folder: Path, rows: int, mails: int, planned: int) -> None:
    """The same in a folder that is empty."""
    database = folder / "clm.duckdb"
    os.environ |= {**SETTINGS, "CLM_DUCKDB_PATH": str(database)}
    ports, processes = [], []
    for target in (take_http, take_mail):
        ours, theirs = multiprocessing.Pipe()
        processes.append(multiprocessing.Process(target=target, args=(theirs,), daemon=True))
        processes[-1].start()
        ports.append(ours.recv())
    os.environ |= {"CLM_WEBHOOK_URL": f"http://127.0.0.1:{ports[0]}/in", "CLM_SMTP_PORT": str(ports[1])}
    dbt = str(Path(sys.executable).parent / "dbt")
    parse = ["parse", "--quiet", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    subprocess.run([dbt, *parse, "--target-path", str(folder / "target"), "--log-path", str(folder)], check=True)
    try:
        alone(marts, database, "webhook", rows)
        seconds, peak = activate(folder, "send", "--exposure", "campaign_webhook", "--out", str(folder / "out"))
        bare = bare_http(ports[0], rows)
        click.echo(f"http    {rows / seconds:9,.0f} rows/s    {bare / rows * seconds:5.1f} x the bare loop  {peak} MB")
        alone(marts, database, "email", mails)
        seconds, peak = activate(folder, "send", "--exposure", "campaign_email", "--out", str(folder / "out"))
        bare = bare_mail(ports[1], mails)
        click.echo(
            f"smtp    {mails / seconds:9,.0f} mails/s   {bare / mails * seconds:5.1f} x the bare loop  {peak} MB"
        )
        alone(marts, database, "webhook", planned)
        shared = ("--exposure", "campaign_webhook")
        limited = ("send", *shared, "--out", str(folder / "out"), "--limit", "10000")
        for standing in ("to do", "known"):
            click.echo(f"plan    {planned:9,} rows {standing:5} {activate(folder, 'plan', *shared)[1]:5} MB")
            click.echo(f"send    {planned:9,} rows {standing:5} {activate(folder, *limited)[1]:5} MB")
            alone(acknowledge, database)
    finally:
        for process in processes:
            process.terminate()


if __name__ == "__main__":
    main()
