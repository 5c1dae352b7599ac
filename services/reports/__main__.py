"""python -m services.reports; the guard is for the worker processes, which import this module again."""

from services.reports.app import build
from shared.service import run

if __name__ == "__main__":
    run(build)
