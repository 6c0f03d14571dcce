"""GitHub's webhooks: verified, mapped to events, each delivery published once."""
