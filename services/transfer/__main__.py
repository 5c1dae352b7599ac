"""python -m services.transfer"""

from services.transfer.app import build
from shared.service import run

run(build)
