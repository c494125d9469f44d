"""What earlier runs found out, and when it may be said again without running anything."""
