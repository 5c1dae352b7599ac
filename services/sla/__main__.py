"""python -m services.sla"""

from services.sla.app import build
from shared.service import run

run(build)
