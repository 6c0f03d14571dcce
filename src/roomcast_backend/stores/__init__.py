"""The DynamoDB tables, one method for each access pattern. Imports aws, model and settings."""
