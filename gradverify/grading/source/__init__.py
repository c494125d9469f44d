"""What a submission's text shows: passages that differentiate by themselves. Read, never run; all of it is pure.

A passage alone accuses nobody: it may be a check, or a helper that nothing uses. Whether an answer comes out of it is
found out by changing it a little (`gradverify.grading.traced`), so what is looked for here may be a little too much.
"""
