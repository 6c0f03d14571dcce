"""One coroutine for each event type, with the names that call sites use; `all` joins them."""
