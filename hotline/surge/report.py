"""The ledger for people: one table, then every list that should be empty."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from hotline.surge.ledger import Latency, Ledger
from hotline.surge.workers import Figures

SHOWN = 10


def show(city: str, ledger: Ledger, console: Console) -> None:
    table = Table(title=f"Ledger of {city}", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in _rows(ledger):
        table.add_row(name, value)
    console.print(table)
    for name, found in ledger.troubles().items():
        show_list(name, found, console)
    console.print("[bold green]clean[/]" if ledger.clean else "[bold red]not clean[/]")


def show_list(name: str, found: Sequence[str], console: Console) -> None:
    """What should be empty, if it is not."""
    if found:
        console.print(f"[bold red]{name.replace('_', ' ')}: {len(found)}[/]")
        for line in found[:SHOWN]:
            console.print(f"  {line}", markup=False, highlight=False)


def show_workers(workers: Sequence[Figures], console: Console) -> None:
    """Only who read from the bus; an API alone has no records."""
    table = Table("replica", "records", "busy", "records per busy second", title="Workers", title_justify="left")
    for one in workers:
        if one.records:
            table.add_row(one.name, f"{one.records:,.0f}", f"{one.busy_s:,.1f} s", f"{one.per_busy_second:,.0f}")
    console.print(table)


def _rows(ledger: Ledger) -> list[tuple[str, str]]:
    counts = [
        ("offered", ledger.offered),
        ("served by IVR", ledger.served_by_ivr),
        ("answered at the desk", ledger.answered_at_desk),
        ("dispatched", ledger.dispatched),
        ("  to several units", ledger.to_several_units),
        ("called again about a case", ledger.called_again),
        ("replies owed", ledger.replies_owed),
        ("  delivered", ledger.replies_delivered),
        ("    by a call after a text failed", ledger.replies_by_voice),
        ("  told by a person", ledger.replies_by_person),
        ("  waived", ledger.replies_waived),
        ("handed to a partner", ledger.transferred),
        ("  with a result", ledger.transfers_completed),
        ("merged with another case", ledger.merged),
        ("  undone", ledger.merges_undone),
        ("linked to an event case", ledger.linked),
        ("  answered by it", ledger.answered_by_event),
        ("  detached", ledger.detached),
        ("arbitrated", ledger.arbitrated),
        ("extensions granted", ledger.extended),
        ("  refused", ledger.extensions_refused),
        ("parked for a while", ledger.set_aside),
        ("orders under a surge profile", ledger.under_profile),
        ("deadlines warned", ledger.warnings),
        ("deadlines breached", ledger.breaches),
        ("commands refused", ledger.rejections),
    ]
    return [
        *((name, f"{count:,}") for name, count in counts),
        ("call to department feed, p50 / p99", _latency(ledger.call_to_feed)),
        ("call to reply, p50 / p99", _latency(ledger.call_to_reply)),
        ("calls per second", f"{ledger.calls_per_second:,.1f}"),
        ("first call to last reply", f"{ledger.to_last_reply:,.1f} s"),
        ("  of cases that no unit left to silence", f"{ledger.to_last_prompt_reply:,.1f} s"),
        ("first call to last event", f"{ledger.seconds:,.1f} s"),
        ("lost", _judged(ledger.lost)),
        ("done twice", _judged(ledger.done_twice)),
        ("still owed", _judged(ledger.owed)),
        ("gaps · out of order", _judged(ledger.gaps + ledger.out_of_order + ledger.contradictions)),
        ("parked · waiting · dead letters", _judged(ledger.parked + ledger.waiting + ledger.dead_letters)),
    ]


def _latency(latency: Latency) -> str:
    return f"{latency.p50:,.2f} s / {latency.p99:,.2f} s" if latency.count else "–"


def _judged(found: list[str]) -> str:
    return f"[red]{len(found)}[/]" if found else "[green]0[/]"
