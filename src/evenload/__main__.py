"""`python -m evenload`."""

import sys

from evenload.cli import main

if __name__ == "__main__":
    sys.exit(main())
