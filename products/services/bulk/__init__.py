"""Writing many products at once, as an import does: the same rows that the other services would leave."""
