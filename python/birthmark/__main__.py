"""`python -m birthmark` is the `birthmark` command."""

from birthmark.cli import main

if __name__ == "__main__":
    main()
