"""Has the generated models in a folder take amounts as Decimal, where the document says `number`.

    python decimals.py generated/erp_background

openapi-python-client has no setting for it. Its models hand on what they are given; so types change their names, and
only a whole number, which JSON does not tell from an integer, has to be made a Decimal.
"""

import re
import sys
from pathlib import Path

CAST = "cast(float | None | Unset, data)"

for path in sorted((Path(sys.argv[1]) / "models").glob("*.py")):
    code = path.read_text()
    if not re.search(r"\bfloat\b", code):
        continue
    if code.count(CAST) != code.count("-> float"):
        sys.exit(f"{path}: a number in a form that decimals.py does not know")
    code = code.replace(CAST, f"Decimal(data) if isinstance(data, int) else {CAST}")
    code = code.replace("\nfrom typing import", "\nfrom decimal import Decimal\nfrom typing import", 1)
    path.write_text(re.sub(r"\bfloat\b", "Decimal", code))
