"""API Gateway's @connections: posts to clients and closes them. Imports aws, model, settings."""
