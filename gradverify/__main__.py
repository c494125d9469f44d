"""`python -m gradverify`, the same as `gradverify`."""

from gradverify.cli.main import main

if __name__ == "__main__":
    main()
