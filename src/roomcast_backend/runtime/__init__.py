"""Parts of the wiring that several functions share. Imports gateway, stores, aws and settings."""
