"""Draws what a command prints as a picture of a terminal; needs the package `rich`.

    npm start --silent 2>/dev/null | python3 scripts/picture.py docs/quickstart.svg "npm start"
"""

import re
import sys

from rich.console import Console
from rich.text import Text

target, title = sys.argv[1:]
lines = [line.rstrip() for line in sys.stdin.read().strip("\n").split("\n") if not line.startswith("files in ")]
console = Console(record=True, width=max(map(len, lines)) + 2, file=open("/dev/null", "w"))
for line in lines:
    console.print(Text.from_ansi(line))
svg = console.export_svg(title=title)
# A picture in a repository loads nothing from elsewhere: the reader's own monospaced font will do.
svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
with open(target, "w") as file:
    file.write(svg)
