"""python -m services.notify"""

from services.notify.app import build
from shared.service import run

run(build)
