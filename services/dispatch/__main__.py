"""python -m services.dispatch"""

from services.dispatch.app import build
from shared.service import run

run(build)
