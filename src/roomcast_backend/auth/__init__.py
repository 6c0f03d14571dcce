"""Tokens and the keys that verify them. Imports aws, model and settings."""
