"""What several functions are put together from. Imports gateway, stores, aws and settings."""
