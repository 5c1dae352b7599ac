"""python -m services.knowledge"""

from services.knowledge.app import build
from shared.service import run

run(build)
