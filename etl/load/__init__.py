"""A package to Omnitron, losing nothing and repeating nothing: planning, delivery, gates, the pilot."""
