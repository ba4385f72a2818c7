"""Let the tests of this folder use the helpers of the folder above, also when they run alone."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))
