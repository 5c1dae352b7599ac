"""python -m services.desk"""

from services.desk.app import build
from shared.service import run

run(build)
