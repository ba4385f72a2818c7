"""Package and journal -> what people look at."""
