"""`python -m osmod`."""

from osmod.cli import main

if __name__ == "__main__":
    main(prog_name="osmod")
