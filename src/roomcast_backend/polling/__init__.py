"""HTTP long-polling, with which Engine.IO's clients begin. Imports lifecycle and what is below."""
