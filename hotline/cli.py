"""hotline: the operator's tool."""

import logging

import structlog
import typer

from hotline.commands import (
    bench,
    case,
    classifier,
    dead_letters,
    doctor,
    knowledge,
    reports,
    route,
    scale,
    sla,
    spool,
    story,
    surge,
    token,
    topics,
    up,
)

app = typer.Typer(help="Run and look after a city's 12345 platform.", no_args_is_help=True, add_completion=False)
app.command()(up.up)
app.command()(surge.surge)
app.command()(story.story)
app.command()(doctor.doctor)
app.command()(topics.topics)
app.command()(scale.scale)
app.command()(token.token)
app.command()(case.case)
app.command("train")(classifier.train_model)
app.command()(classifier.evaluate)
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(spool.app, name="spool")
app.add_typer(sla.app, name="sla")
app.add_typer(reports.app, name="reports")
app.add_typer(bench.app, name="bench")
app.add_typer(route.app, name="route")


def main() -> None:
    """Entry point of `.venv/bin/hotline`. An operator reads what the commands say, not the libraries' complaints."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    app()
