"""What names may be made of, where more than one door reads them."""

from __future__ import annotations

import re

# What may stand behind the prefix of a filter: at least one letter, and nothing that a query language reads.
FILTER_NAME = re.compile(r"(?=.*[^\W\d_])\w[\w -]{0,49}")
