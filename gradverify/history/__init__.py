"""What became of each spec from run to run: kept in one SQLite file, shown as a static site."""
