"""Who comes and goes in rooms: told once for each user. Imports stores and the layers below."""
