"""What runs in the zygote and in the confined processes. It imports nothing of the rest of gradverify but `frames`."""
