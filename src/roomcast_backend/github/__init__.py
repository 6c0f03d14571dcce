"""GitHub's webhooks: verified, mapped to events, published once. Imports auth and aws."""
