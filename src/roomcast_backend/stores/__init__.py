"""Where state lives: one module per table or transaction, one method per access pattern."""
