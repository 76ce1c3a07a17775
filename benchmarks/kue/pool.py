"""Two worker processes and a bridge beside them, all ended by SIGTERM."""

import signal
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent


def main() -> None:
    """Run until told to stop."""
    commands = (
        [sys.executable, "-m", "dramatiq", "app", "-p", "2", "-t", "8"],
        [sys.executable, str(_HERE / "app.py")],
    )
    processes = [subprocess.Popen(command, cwd=_HERE) for command in commands]

    def end(number: int, frame: object) -> None:
        for process in processes:
            process.terminate()

    signal.signal(signal.SIGTERM, end)
    for process in processes:
        process.wait()


if __name__ == "__main__":
    main()
