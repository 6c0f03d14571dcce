"""Stand-ins that know what the real things do wrong."""
