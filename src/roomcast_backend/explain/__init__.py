"""Why a user did or did not get an event: facts from the tables, and verdicts on them."""
