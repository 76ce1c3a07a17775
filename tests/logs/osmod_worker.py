"""`python -m tests.logs.osmod_worker …` is `osmod worker …`."""

import sys

from osmod.cli import main

if __name__ == "__main__":
    main(["worker", *sys.argv[1:]])
