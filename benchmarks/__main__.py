"""`python -m benchmarks [NAME ...] [OPTION ...]`: run all benchmarks, or those named, one after another.

Options, all that begins with the first one, are passed on to each.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Exit status 1 if one of them fails."""
    known = sorted(path.parent.name for path in Path(__file__).parent.glob("*/__main__.py"))
    first = next((n for n, word in enumerate(sys.argv[1:], 1) if word.startswith("-")), len(sys.argv))
    options = sys.argv[first:]
    chosen = sys.argv[1:first] or known
    if unknown := set(chosen) - set(known):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = [
        name
        for name in chosen
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode
    ]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
