"""Performance: `make bench` measures, prints tables, writes `.bench/results.json`. See README."""
