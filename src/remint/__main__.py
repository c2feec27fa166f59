"""`python -m remint` is the command `remint`."""

from remint.cli.main import main

if __name__ == "__main__":
    main()
