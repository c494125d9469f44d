"""The pure middle of gradverify: problems, estimates, judgements, reports. No files, processes or plugins."""
