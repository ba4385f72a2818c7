"""SQL over a mapping's own sources: what a statement may say, the engine that is shut in, and the process it runs in."""
