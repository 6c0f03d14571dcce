"""What a fresh process runs for its first 1,000 posts: it imports nothing that only measures."""
