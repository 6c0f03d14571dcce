"""What clients say: frames in, replies out. Imports lifecycle and what stands below it."""
